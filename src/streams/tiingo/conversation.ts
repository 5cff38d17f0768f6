import { symbolOf } from '../../demand/want.ts'
import type { TopicName } from '../../market/event.ts'
import type { Conversation, Problem, Reaction } from '../feed.ts'
import { isWire, type Wire } from '../fields.ts'
import type { Frame } from '../mapper.ts'
import { canonicalSymbol, tiingoTicker } from './symbols.ts'

const REFERENCE_LEVEL = 6
const MAX_TICKERS_PER_REQUEST = 500
const NOTHING: Reaction = { send: [], signals: [] }

type Request = { readonly eventName: 'subscribe' | 'unsubscribe'; readonly topics: readonly TopicName[] }

/**
 * The token stands in each request. The first subscription is answered with its number, all that follow name it, and are
 * answered with all tickers that it has then. Requests go one at a time, for an answer does not say which one it is to.
 */
export class TiingoConversation implements Conversation {
  readonly #token: string
  readonly #waiting: Request[] = []
  #inFlight: Request | undefined
  #subscriptionId: unknown
  #carried: ReadonlySet<TopicName> = new Set()

  constructor(token: string) {
    this.#token = token
  }

  /** Nobody has to say who he is before he asks for something. */
  opened(): Reaction {
    return { send: [], signals: [{ is: 'authenticated' }] }
  }

  told(message: unknown): Reaction {
    if (!isWire(message)) return NOTHING
    if (message.messageType === 'E') return this.#failed(message.response)
    if (message.messageType === 'I') return this.#answered(message.data)
    return NOTHING
  }

  subscribe(topics: readonly TopicName[]): readonly Frame[] {
    return this.#request('subscribe', topics)
  }

  unsubscribe(topics: readonly TopicName[]): readonly Frame[] {
    return this.#request('unsubscribe', topics)
  }

  /** It is good from the next connection on. */
  renewed(): undefined {
    return undefined
  }

  #answered(data: unknown): Reaction {
    const request = this.#inFlight
    if (!isWire(data) || !request) return NOTHING
    this.#inFlight = undefined
    if (data.subscriptionId !== undefined) {
      this.#subscriptionId = data.subscriptionId
      this.#carried = new Set(request.topics)
    }
    if (Array.isArray(data.tickers)) this.#carried = topicsOf(data.tickers)
    return { send: this.#next(), signals: [{ is: 'carrying', topics: this.#carried }] }
  }

  #failed(response: unknown): Reaction {
    const { code, message }: Wire = isWire(response) ? response : {}
    const problem = problemOf(Number(code), String(message))
    const request = this.#inFlight
    if (problem.kind !== 'entitlement' || !request) return { send: [], signals: [{ is: 'failed', problem }] }
    this.#inFlight = undefined
    const { topics } = request
    return { send: this.#next(), signals: [{ is: 'refused', topics, reason: 'refused_by_the_vendor', problem }] }
  }

  #request(eventName: Request['eventName'], topics: readonly TopicName[]): readonly Frame[] {
    for (let at = 0; at < topics.length; at += MAX_TICKERS_PER_REQUEST) {
      this.#waiting.push({ eventName, topics: topics.slice(at, at + MAX_TICKERS_PER_REQUEST) })
    }
    return this.#next()
  }

  #next(): Frame[] {
    if (this.#inFlight) return []
    this.#inFlight = this.#waiting.shift()
    if (!this.#inFlight) return []
    const { eventName, topics } = this.#inFlight
    const tickers = topics.flatMap((topic) => tiingoTicker(symbolOf(topic)) ?? [])
    const named =
      this.#subscriptionId === undefined
        ? { thresholdLevel: REFERENCE_LEVEL }
        : { subscriptionId: this.#subscriptionId }
    return [JSON.stringify({ eventName, authorization: this.#token, eventData: { ...named, tickers } })]
  }
}

function topicsOf(tickers: readonly unknown[]): Set<TopicName> {
  const symbols = tickers.flatMap((ticker) => (typeof ticker === 'string' ? (canonicalSymbol(ticker) ?? []) : []))
  return new Set(symbols.map((symbol) => `quotes:${symbol}`))
}

function problemOf(code: number, text: string): Problem {
  if (code === 401 || code === 403) return { kind: 'fatal', reason: 'the vendor does not know the key', code }
  if (code === 429) return { kind: 'capacity', reason: 'the vendor has had too many requests', code }
  const reason = `the vendor says "${text.slice(0, 100)}"`
  return code >= 400 && code < 500 ? { kind: 'entitlement', reason, code } : { kind: 'transient', reason, code }
}
