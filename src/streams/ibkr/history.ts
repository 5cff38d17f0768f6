// https://interactivebrokers.github.io/tws-api/historical_bars.html
import type { Bar } from '../../market/bar.ts'
import { DAY_MS, isoOf, SECOND_MS } from '../../market/time.ts'
import { ProviderError } from '../../providers/provider.ts'
import type { History, HistoryRequest, HistoryWay } from '../history.ts'
import { isPossibleBar } from '../possible-bar.ts'
import type { UpstreamSocket } from '../socket.ts'
import { queryOf, SOURCE } from './contracts.ts'
import { isWarning, openTws, twsEndpoint } from './port.ts'
import { readMessages, requestFrame, type TwsBar, type TwsMessage } from './wire.ts'

const BARS: HistoryWay = { name: `${SOURCE}/bars`, feed: 'bars', minAgeMs: 0 }
const NO_DATA = /returned no data|no data/i
const PACING = /pacing/i

export type TwsHistoryOptions = {
  readonly host: string
  readonly port: number
  /** Another one than the stream's: TWS takes one connection under each. */
  readonly clientId: number
  readonly timeoutMs: number
}

type Waiting = { readonly resolve: (message: TwsMessage) => void; readonly reject: (error: Error) => void }

/** The bars of TWS, over a connection of their own that lasts from the first question on. It sells no trades with identities. */
export function twsHistory(options: TwsHistoryOptions): History {
  let connection: TwsConnection | undefined
  return {
    name: SOURCE,
    ways: (_feed, symbol) => (queryOf(symbol) ? [BARS] : []),
    async bars(request, signal) {
      const query = queryOf(request.symbol)
      if (!query) throw new ProviderError(SOURCE, 'not_found', 'TWS is not asked for such symbols')
      if (!connection?.isOpen) connection = new TwsConnection(options)
      const asked = { ask: 'history', query, ...spanOf(request), interval: request.interval } as const
      const answer = await connection.ask(asked, signal)
      if (answer.tell === 'problem') throw refusalOf(answer)
      const bars = answer.tell === 'history' ? answer.bars : []
      const possible = bars.filter((bar) => isPossibleBar(request.symbol, bar))
      const items = possible.flatMap((bar) => barOf(bar, request) ?? [])
      return { items, next: undefined, refused: bars.length - possible.length }
    },
    async close() {
      connection?.close()
    }
  }
}

/** Up to a day in seconds, as TWS wants it; of more in days. */
function spanOf({ from, until }: HistoryRequest): { until: number; duration: string } {
  const lengthMs = until - from
  const duration = lengthMs <= DAY_MS ? `${Math.ceil(lengthMs / SECOND_MS)} S` : `${Math.ceil(lengthMs / DAY_MS)} D`
  return { until, duration }
}

/** Days are named by their date. */
function barOf({ begins, ...figures }: TwsBar, { from, until }: HistoryRequest): Bar | undefined {
  const day = /^(\d{4})(\d\d)(\d\d)$/.exec(begins)
  const ms = day ? Date.parse(day.slice(1).join('-')) : Number(begins) * SECOND_MS
  if (!Number.isFinite(ms) || ms < from - DAY_MS || ms >= until || (!day && ms < from)) return undefined
  return { start: isoOf(ms).slice(0, day ? 'YYYY-MM-DD'.length : undefined), ...figures }
}

function refusalOf({ code, text }: TwsMessage & { tell: 'problem' }): ProviderError {
  if (code === 162 && PACING.test(text)) {
    return new ProviderError(SOURCE, 'rate_limited', 'TWS has had too many requests for bars', { scope: 'minute' })
  }
  if (code === 200 || (code === 162 && NO_DATA.test(text))) {
    return new ProviderError(SOURCE, 'not_found', 'TWS has no bars of it')
  }
  if (code === 162 || code === 354 || code === 10_189) {
    return new ProviderError(SOURCE, 'not_covered', 'the account has no bars of it', { notCoveredBy: 'plan' })
  }
  return new ProviderError(SOURCE, 'unavailable', `TWS answered with error ${code}`)
}

type Question = Omit<Extract<Parameters<typeof requestFrame>[0], { ask: 'history' }>, 'id'>

/** One connection; whatever ends it fails what was asked over it. */
class TwsConnection {
  readonly #socket: UpstreamSocket
  readonly #timeoutMs: number
  readonly #ready = Promise.withResolvers<void>()
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0
  isOpen = true

  constructor({ timeoutMs, ...at }: TwsHistoryOptions) {
    this.#timeoutMs = timeoutMs
    // Whoever asks waits for it; where nobody does any more it fails nobody.
    this.#ready.promise.catch(() => undefined)
    this.#socket = openTws(twsEndpoint(at), {
      opened: () => undefined,
      ponged: () => undefined,
      received: (frame) => readMessages(frame).forEach((message) => this.#told(message)),
      ended: (_code, reason) =>
        this.#end(`TWS could not be reached${reason === '' ? '' : ` (${reason.slice(0, 100)})`}`)
    })
  }

  /** The answer or the problem. Rejects with ProviderError where none came, or with the signal's reason. */
  async ask(question: Question, signal: AbortSignal): Promise<TwsMessage> {
    const timeout = AbortSignal.timeout(this.#timeoutMs)
    const given = AbortSignal.any([signal, timeout])
    const id = ++this.#lastId
    const answer = Promise.withResolvers<TwsMessage>()
    const give = () => answer.reject(noAnswer('TWS did not answer in time'))
    given.addEventListener('abort', give, { once: true })
    try {
      await Promise.race([this.#ready.promise, answer.promise])
      this.#waiting.set(id, answer)
      this.#socket.send(requestFrame({ ...question, id }))
      return await answer.promise
    } catch (error) {
      signal.throwIfAborted()
      throw error
    } finally {
      given.removeEventListener('abort', give)
      this.#waiting.delete(id)
    }
  }

  close(): void {
    this.#socket.drop()
    this.#end('the connection to TWS was ended')
  }

  #told(message: TwsMessage): void {
    if (message.tell === 'ready') return this.#ready.resolve()
    if (message.tell === 'history') return this.#waiting.get(message.id)?.resolve(message)
    if (message.tell === 'problem' && !isWarning(message.code)) this.#waiting.get(message.id)?.resolve(message)
  }

  #end(reason: string): void {
    this.isOpen = false
    const error = noAnswer(reason)
    this.#ready.reject(error)
    for (const { reject } of this.#waiting.values()) reject(error)
  }
}

const noAnswer = (reason: string) => new ProviderError(SOURCE, 'unavailable', reason)
