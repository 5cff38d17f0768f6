import { symbolOf } from '../../demand/want.ts'
import type { TopicName } from '../../market/event.ts'
import type { Conversation, Problem, Reaction, Signal } from '../feed.ts'
import type { Frame } from '../mapper.ts'
import { queryOf } from './contracts.ts'
import { Interruptions } from './interruptions.ts'
import { connectionProblem, meaningOf } from './problems.ts'
import { requestFrame, type TwsMessage, type TwsRequest } from './wire.ts'

/** The id that TWS has for the contract of a canonical symbol; outlives a connection. */
export type KnownContracts = Map<string, number>

/** As many as are looked up in some days; of more, all are looked up anew. */
const MAX_CONTRACTS = 10_000
const NOTHING: Reaction = { send: [], signals: [] }
const LATE_DATA_SHOWN = 10_167

/** One symbol: its contract is looked up, market data is asked for, and comes. */
type Line = {
  readonly symbol: string
  readonly topics: Set<TopicName>
  /** Of the request that it waits for, or that brings it. */
  id: number
  stage: 'lookup' | 'asked' | 'carried'
  wasLookedUp: boolean
  /** Late data is asked for, since there is no live data. */
  isLate: boolean
  /** What comes is late. */
  isDelayed: boolean
}

/** The talk with TWS about contracts and market data. It numbers requests, and an answer says which one it is to. */
export class TwsConversation implements Conversation {
  readonly #contracts: KnownContracts
  readonly #bySymbol = new Map<string, Line>()
  readonly #byId = new Map<number, Line>()
  readonly #interruptions = new Interruptions()
  readonly #undescribed: () => readonly string[]
  /** What TWS is yet to tell what it knows of, and the request for the one that it was asked about last. */
  #toDescribe: string[] = []
  #describing = 0
  /** Codes of errors that were told once: they may come in thousands. */
  readonly #noticed = new Set<number>()
  #lastId = 0
  #asksForLateData = false

  /** `undescribed`: what TWS shall be asked about, one after the other, although nobody wants market data of it. */
  constructor(contracts: KnownContracts, undescribed: () => readonly string[] = () => []) {
    this.#contracts = contracts
    this.#undescribed = undescribed
  }

  /** TWS greets first. */
  opened(): Reaction {
    return NOTHING
  }

  told(message: unknown): Reaction {
    const told = message as TwsMessage
    switch (told.tell) {
      case 'greeted':
        return reaction([{ is: 'notice', text: `TWS speaks version ${told.serverVersion}` }])
      case 'ready':
        this.#toDescribe = [...this.#undescribed()].toReversed()
        return reaction([{ is: 'authenticated' }], ...this.#describeNext())
      case 'contracts':
        if (told.id === this.#describing) return reaction([], ...this.#describeNext())
        return this.#found(told.id, told.contracts[0]?.conId)
      case 'line':
        return this.#came(told.id, told.isDelayed)
      case 'cancelled':
        return reaction([this.#carrying()])
      case 'problem':
        if (told.id > 0 && told.id === this.#describing) return reaction([], ...this.#describeNext())
        return told.id > 0 ? this.#refused(told.id, told.code, told.text) : this.#said(told.code, told.text)
      default:
        return NOTHING
    }
  }

  subscribe(topics: readonly TopicName[]): readonly Frame[] {
    const added = Map.groupBy(topics, symbolOf)
    return [...added]
      .flatMap(([symbol, ofSymbol]) => {
        const known = this.#bySymbol.get(symbol)
        for (const topic of ofSymbol) known?.topics.add(topic)
        // A line that is there already is told of again.
        if (known) return known.stage === 'carried' ? [this.#lineRequest(known)] : []
        return [this.#begin(symbol, ofSymbol)]
      })
      .map(requestFrame)
  }

  unsubscribe(topics: readonly TopicName[]): readonly Frame[] {
    const removed = Map.groupBy(topics, symbolOf)
    return [...removed]
      .flatMap(([symbol, ofSymbol]): TwsRequest[] => {
        const line = this.#bySymbol.get(symbol)
        if (!line) return []
        for (const topic of ofSymbol) line.topics.delete(topic)
        if (line.topics.size > 0) return line.stage === 'carried' ? [this.#lineRequest(line)] : []
        this.#forget(line)
        return [{ ask: 'cancel', id: line.id }]
      })
      .map(requestFrame)
  }

  /** There is none: whoever is logged in at TWS is who is served. */
  renewed(): undefined {
    return undefined
  }

  /** TWS says nothing of a request that it took and has nothing to tell of yet. */
  overdue(): Reaction {
    const waiting = [...this.#bySymbol.values()]
    for (const line of waiting) if (line.stage === 'asked') line.stage = 'carried'
    const unanswered = waiting.filter(({ stage }) => stage === 'lookup')
    const problem: Problem = { kind: 'transient', reason: 'TWS does not say what the contract is' }
    return joined([...unanswered.map((line) => this.#refuse(line, 'no_answer', problem)), reaction([this.#carrying()])])
  }

  #begin(symbol: string, topics: readonly TopicName[]): TwsRequest {
    const line: Line = {
      symbol,
      topics: new Set(topics),
      id: 0,
      stage: 'lookup',
      wasLookedUp: false,
      isLate: false,
      isDelayed: false
    }
    this.#bySymbol.set(symbol, line)
    return this.#contracts.has(symbol) ? this.#ask(line) : this.#lookUp(line)
  }

  /** One at a time: whoever waits for market data comes soon. */
  #describeNext(): TwsRequest[] {
    this.#describing = 0
    for (let symbol = this.#toDescribe.pop(); symbol !== undefined; symbol = this.#toDescribe.pop()) {
      const query = queryOf(symbol)
      if (!query) continue
      this.#describing = ++this.#lastId
      return [{ ask: 'contract', id: this.#describing, symbol, query }]
    }
    return []
  }

  #lookUp(line: Line): TwsRequest {
    this.#number(line)
    line.stage = 'lookup'
    line.wasLookedUp = true
    return { ask: 'contract', id: line.id, symbol: line.symbol, query: queryOf(line.symbol)! }
  }

  #ask(line: Line): TwsRequest {
    this.#number(line)
    line.stage = 'asked'
    return this.#lineRequest(line)
  }

  #number(line: Line): void {
    this.#byId.delete(line.id)
    line.id = ++this.#lastId
    this.#byId.set(line.id, line)
  }

  #lineRequest({ id, symbol, isLate }: Line): TwsRequest {
    return { ask: 'line', id, symbol, conId: this.#contracts.get(symbol)!, isDelayed: isLate }
  }

  /** The first one is the one that TWS itself would take. */
  #found(id: number, conId: number | undefined): Reaction {
    const line = this.#byId.get(id)
    // More is known of a contract that is there already.
    if (line?.stage !== 'lookup' || conId === undefined) return NOTHING
    if (this.#contracts.size >= MAX_CONTRACTS) this.#contracts.clear()
    this.#contracts.set(line.symbol, conId)
    return reaction([], this.#ask(line))
  }

  #came(id: number, isDelayed: boolean): Reaction {
    const line = this.#byId.get(id)
    if (!line || line.stage === 'lookup') return NOTHING
    line.stage = 'carried'
    line.isDelayed = isDelayed
    return reaction([this.#carrying()])
  }

  #refused(id: number, code: number, text: string): Reaction {
    const line = this.#byId.get(id)
    // Of a request that was given up meanwhile.
    if (!line) return NOTHING
    const { remedy, reason, text: meaning } = meaningOf(code)
    if (this.#interruptions.isCutOff && remedy !== 'go_on') return this.#putOff(line)
    const problem: Problem = { kind: 'entitlement', reason: meaning, code }
    switch (remedy) {
      case 'go_on':
        if (code === LATE_DATA_SHOWN) line.isDelayed = true
        return this.#notice(code, `${line.symbol}: ${text}`)
      case 'ask_for_late_data':
        return line.isLate ? this.#refuse(line, reason, problem) : this.#askForLateData(line)
      case 'ask_for_late_data_or_wait':
        if (!line.isLate) return this.#askForLateData(line)
        return reaction([{ is: 'failed', problem: { ...problem, kind: 'capacity' } }])
      case 'look_up_again':
        if (line.wasLookedUp) return this.#refuse(line, reason, problem)
        this.#contracts.delete(line.symbol)
        return reaction([], { ask: 'forget', ids: [id] }, this.#lookUp(line))
      case 'refuse':
        return this.#refuse(line, reason, problem)
      default:
        return remedy satisfies never
    }
  }

  /** What TWS refuses because it can ask nobody is looked up once it can. */
  #putOff(line: Line): Reaction {
    const wasCarried = line.stage === 'carried'
    line.stage = 'lookup'
    return reaction(wasCarried ? [this.#carrying()] : [], { ask: 'forget', ids: [line.id] })
  }

  #askForLateData(line: Line): Reaction {
    const former = line.id
    line.isLate = true
    const once: TwsRequest[] = this.#asksForLateData ? [] : [{ ask: 'delayed_too' }]
    this.#asksForLateData = true
    return reaction([], { ask: 'forget', ids: [former] }, ...once, this.#ask(line))
  }

  #refuse(line: Line, reason: string, problem: Problem): Reaction {
    const wasCarried = line.stage === 'carried'
    this.#forget(line)
    const signals: Signal[] = [{ is: 'refused', topics: [...line.topics], reason, problem }]
    if (wasCarried) signals.push(this.#carrying())
    return reaction(signals, { ask: 'forget', ids: [line.id] })
  }

  #forget(line: Line): void {
    this.#bySymbol.delete(line.symbol)
    this.#byId.delete(line.id)
  }

  /** About no request: the state of what TWS itself is connected to, or of this connection. */
  #said(code: number, text: string): Reaction {
    const problem = connectionProblem(code)
    if (problem) return reaction([{ is: 'failed', problem }])
    const wasCutOff = this.#interruptions.isCutOff
    const change = this.#interruptions.said(code, text)
    if (!change) return this.#notice(code, text)
    const isBack = wasCutOff && !this.#interruptions.isCutOff
    const unanswered = [...this.#bySymbol.values()].filter(({ stage }) => isBack && stage === 'lookup')
    const ended =
      change.linesAre === 'kept'
        ? reaction([], ...unanswered.map((line) => this.#lookUp(line)))
        : this.#endAll(change.linesAre)
    const because = this.#interruptions.text
    return joined([ended, reaction([because === undefined ? { is: 'resumed' } : { is: 'interrupted', text: because }])])
  }

  /** What is wanted is asked for again once it is known not to be carried. */
  #endAll(linesAre: 'gone' | 'doubtful'): Reaction {
    const ids = [...this.#bySymbol.values()].map(({ id }) => id)
    this.#bySymbol.clear()
    this.#byId.clear()
    const end: TwsRequest[] =
      linesAre === 'gone' ? [{ ask: 'forget', ids }] : ids.map((id): TwsRequest => ({ ask: 'cancel', id }))
    return reaction([this.#carrying()], ...end)
  }

  #notice(code: number, text: string): Reaction {
    if (this.#noticed.has(code)) return NOTHING
    this.#noticed.add(code)
    return reaction([{ is: 'notice', text: `TWS says (${code}) ${text.slice(0, 200)}` }])
  }

  #carrying(): Signal {
    const carried = [...this.#bySymbol.values()].filter(({ stage }) => stage === 'carried')
    const topicsOf = (lines: readonly Line[]) => new Set(lines.flatMap(({ topics }) => [...topics]))
    return { is: 'carrying', topics: topicsOf(carried), late: topicsOf(carried.filter(({ isDelayed }) => isDelayed)) }
  }
}

const reaction = (signals: readonly Signal[], ...requests: readonly TwsRequest[]): Reaction => ({
  send: requests.map(requestFrame),
  signals
})

const joined = (reactions: readonly Reaction[]): Reaction => ({
  send: reactions.flatMap(({ send }) => send),
  signals: reactions.flatMap(({ signals }) => signals)
})
