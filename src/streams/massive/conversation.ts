import type { TopicName } from '../../market/event.ts'
import type { Conversation, Reaction, Signal } from '../feed.ts'
import { isWire } from '../fields.ts'
import type { Frame } from '../mapper.ts'
import { CONNECTION_PROBLEMS, NOT_ANSWERED, NOT_AUTHORIZED, refusalOf } from './problems.ts'
import { parameterOf, type MassiveMarket } from './symbols.ts'

/** Of one request; each parameter is confirmed by itself. */
const MAX_PARAMETERS = 100
const MAX_QUOTED_LENGTH = 100
const CONFIRMATION = /^(un)?subscribed to: (.+)$/

type Action = 'subscribe' | 'unsubscribe'
type Request = { readonly action: Action; readonly topics: readonly TopicName[] }
/** Of the request that is on its way: what has not been confirmed, by parameter, and how many of these were refused. */
type InFlight = { readonly action: Action; readonly open: Map<string, TopicName>; refusals: number }

const NOTHING: Reaction = { send: [], signals: [] }

export type ConversationOptions = { readonly market: MassiveMarket; readonly apiKey: string }

/**
 * Requests go one at a time, for a refusal names nothing: it is known by what else of its request was confirmed. What is
 * neither confirmed nor refused (the cluster does not publish it) is asked for once more, alone, and given up then. What is
 * held already is never asked for again: the vendor would not answer.
 */
export class MassiveConversation implements Conversation {
  readonly #options: ConversationOptions
  readonly #carried = new Set<TopicName>()
  readonly #waiting: Request[] = []
  #inFlight: InFlight | undefined
  #isAuthenticated = false

  constructor(options: ConversationOptions) {
    this.#options = options
  }

  /** The vendor greets, but does not wait to be heard. */
  opened(): Reaction {
    return { send: [encoded('auth', this.#options.apiKey)], signals: [] }
  }

  told(message: unknown): Reaction {
    if (!isWire(message)) return NOTHING
    const text = typeof message.message === 'string' ? message.message.trim() : ''
    switch (message.status) {
      case 'connected':
        return NOTHING
      case 'auth_success':
        if (this.#isAuthenticated) return NOTHING
        this.#isAuthenticated = true
        return { send: [], signals: [{ is: 'authenticated' }] }
      case 'success':
        return this.#confirmed(text)
      case 'error':
        return this.#refused(text)
      default: {
        const problem = CONNECTION_PROBLEMS.get(String(message.status))
        if (problem) return { send: [], signals: [{ is: 'failed', problem }] }
        return notice(`${String(message.status)} ${text}`)
      }
    }
  }

  subscribe(topics: readonly TopicName[]): readonly Frame[] {
    return this.#request('subscribe', topics)
  }

  unsubscribe(topics: readonly TopicName[]): readonly Frame[] {
    return this.#request('unsubscribe', topics)
  }

  /** A connection keeps the key that it began with. */
  renewed(): undefined {
    return undefined
  }

  overdue(): Reaction {
    const request = this.#inFlight
    if (!request) return NOTHING
    const open = [...request.open.values()]
    const signals: Signal[] = []
    this.#inFlight = undefined
    if (request.action === 'unsubscribe') {
      // What the vendor does not answer for, it does not hold.
      for (const topic of open) this.#carried.delete(topic)
    } else if (open.length === 1) {
      signals.push({ is: 'refused', topics: open, ...NOT_ANSWERED })
    } else {
      this.#waiting.unshift(...open.map((topic): Request => ({ action: 'subscribe', topics: [topic] })))
    }
    return { send: this.#next(), signals: [...signals, this.#carrying()] }
  }

  #confirmed(text: string): Reaction {
    const [, undone, parameter = ''] = CONFIRMATION.exec(text) ?? []
    const action: Action = undone === undefined ? 'subscribe' : 'unsubscribe'
    const request = this.#inFlight
    const topic = request?.action === action ? request.open.get(parameter) : undefined
    if (!request || topic === undefined) return notice(text)
    request.open.delete(parameter)
    if (action === 'subscribe') this.#carried.add(topic)
    else this.#carried.delete(topic)
    return this.#settled(request)
  }

  /** Of a request for several parameters the refused ones are those that are left when all others are confirmed. */
  #refused(text: string): Reaction {
    const request = this.#inFlight
    if (!request) return notice(text)
    request.refusals++
    return this.#settled(request, text === NOT_AUTHORIZED ? undefined : text)
  }

  /** Goes on once every parameter has its answer. */
  #settled({ open, refusals }: InFlight, text?: string): Reaction {
    if (open.size > refusals) return NOTHING
    this.#inFlight = undefined
    const signals: Signal[] = []
    if (open.size > 0) signals.push({ is: 'refused', topics: [...open.values()], ...refusalOf(text) })
    return { send: this.#next(), signals: [...signals, this.#carrying()] }
  }

  #request(action: Action, topics: readonly TopicName[]): readonly Frame[] {
    for (let at = 0; at < topics.length; at += MAX_PARAMETERS) {
      this.#waiting.push({ action, topics: topics.slice(at, at + MAX_PARAMETERS) })
    }
    return this.#next()
  }

  #next(): Frame[] {
    while (!this.#inFlight) {
      const request = this.#waiting.shift()
      if (!request) return []
      const isOpen = (topic: TopicName) => this.#carried.has(topic) === (request.action === 'unsubscribe')
      const open = new Map(
        request.topics.filter(isOpen).flatMap((topic) => {
          const parameter = parameterOf(this.#options.market, topic)
          return parameter === undefined ? [] : [[parameter, topic] as const]
        })
      )
      if (open.size === 0) continue
      this.#inFlight = { action: request.action, open, refusals: 0 }
      return [encoded(request.action, [...open.keys()].join(','))]
    }
    return []
  }

  #carrying(): Signal {
    return { is: 'carrying', topics: new Set(this.#carried) }
  }
}

const encoded = (action: Action | 'auth', params: string): Frame => JSON.stringify({ action, params })

function notice(text: string): Reaction {
  return { send: [], signals: [{ is: 'notice', text: `the vendor says "${text.slice(0, MAX_QUOTED_LENGTH)}"` }] }
}
