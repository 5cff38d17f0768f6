import { streamOf, symbolOf } from '../../demand/want.ts'
import type { TopicName } from '../../market/event.ts'
import type { Codec } from '../codec.ts'
import type { Conversation, Reaction, Signal } from '../feed.ts'
import { isWire, type Wire } from '../fields.ts'
import type { Frame } from '../mapper.ts'
import type { AlpacaEndpoint } from './endpoints.ts'
import { ALREADY_AUTHENTICATED, problemOfCode, REQUEST_REFUSALS } from './problems.ts'
import { alpacaSymbol, canonicalSymbol } from './symbols.ts'

/** The vendor takes long lists, but a refused one is halved until its culprit is found. */
const MAX_TOPICS_PER_REQUEST = 500

/** A key and its secret; or a token, whose kind stands in the place of the key. */
export type AlpacaCredential = { readonly key: string; readonly secret: string }

type Request = { readonly action: 'subscribe' | 'unsubscribe'; readonly topics: readonly TopicName[] }

const NOTHING: Reaction = { send: [], signals: [] }

export type ConversationOptions = {
  readonly endpoint: AlpacaEndpoint
  readonly codec: Codec
  readonly credential: AlpacaCredential
}

/**
 * Requests go one at a time: an answer does not say which one it is to. Each is answered with all that is subscribed to
 * afterwards, or with an error that leaves everything as it was.
 */
export class AlpacaConversation implements Conversation {
  readonly #options: ConversationOptions
  readonly #waiting: Request[] = []
  #inFlight: Request | undefined
  #isAuthenticated = false

  constructor(options: ConversationOptions) {
    this.#options = options
  }

  /** The vendor greets first. */
  opened(): Reaction {
    return NOTHING
  }

  told(message: unknown): Reaction {
    if (!isWire(message)) return NOTHING
    switch (message.T) {
      case 'success':
        return this.#succeeded(message.msg)
      case 'subscription':
        return this.#subscribed(message)
      case 'error':
        return this.#failed(Number(message.code), String(message.msg))
      default:
        return NOTHING
    }
  }

  subscribe(topics: readonly TopicName[]): readonly Frame[] {
    return this.#request('subscribe', topics)
  }

  unsubscribe(topics: readonly TopicName[]): readonly Frame[] {
    return this.#request('unsubscribe', topics)
  }

  /** Who is authenticated cannot be so again. */
  renewed(): undefined {
    return undefined
  }

  #succeeded(what: unknown): Reaction {
    if (what === 'connected') {
      const { key, secret } = this.#options.credential
      return { send: [this.#encoded({ action: 'auth', key, secret })], signals: [] }
    }
    if (what !== 'authenticated' || this.#isAuthenticated) return NOTHING
    this.#isAuthenticated = true
    const { always } = this.#options.endpoint
    const send = always ? [this.#encoded({ action: 'subscribe', ...always })] : []
    return { send, signals: [{ is: 'authenticated' }] }
  }

  #subscribed(message: Wire): Reaction {
    this.#inFlight = undefined
    return { send: this.#next(), signals: [{ is: 'carrying', topics: this.#topicsIn(message) }] }
  }

  #failed(code: number, text: string): Reaction {
    if (code === ALREADY_AUTHENTICATED)
      return { send: [], signals: [{ is: 'notice', text: 'was authenticated already' }] }
    const request = this.#inFlight
    const refusal = REQUEST_REFUSALS[code]
    if (!request || !refusal) return { send: [], signals: [{ is: 'failed', problem: problemOfCode(code, text) }] }
    this.#inFlight = undefined
    const { topics } = request
    const signals: Signal[] = []
    if (topics.length === 1) signals.push({ is: 'refused', topics, ...refusal })
    else {
      const half = Math.ceil(topics.length / 2)
      this.#waiting.unshift({ ...request, topics: topics.slice(0, half) }, { ...request, topics: topics.slice(half) })
    }
    return { send: this.#next(), signals }
  }

  #request(action: Request['action'], topics: readonly TopicName[]): readonly Frame[] {
    for (let at = 0; at < topics.length; at += MAX_TOPICS_PER_REQUEST) {
      this.#waiting.push({ action, topics: topics.slice(at, at + MAX_TOPICS_PER_REQUEST) })
    }
    return this.#next()
  }

  #next(): Frame[] {
    if (this.#inFlight) return []
    this.#inFlight = this.#waiting.shift()
    if (!this.#inFlight) return []
    const { action, topics } = this.#inFlight
    return [this.#encoded({ action, ...this.#channelsOf(topics) })]
  }

  /** The vendor's channels with their symbols. */
  #channelsOf(topics: readonly TopicName[]): Record<string, string[]> {
    const { channels, market } = this.#options.endpoint
    const symbolsByChannel: Record<string, string[]> = {}
    for (const topic of topics) {
      const spelling = alpacaSymbol(symbolOf(topic), market)
      if (spelling === undefined) continue
      for (const channel of channels[streamOf(topic)] ?? []) (symbolsByChannel[channel] ??= []).push(spelling)
    }
    return symbolsByChannel
  }

  /** A topic is carried where each channel that it needs names its symbol. A channel without symbols may be missing. */
  #topicsIn(message: Wire): Set<TopicName> {
    const { channels, market } = this.#options.endpoint
    const carried = new Set<TopicName>()
    for (const [stream, [first, ...others]] of Object.entries(channels)) {
      const lists = others.map((channel) => new Set(spellingsIn(message, channel)))
      for (const spelling of spellingsIn(message, first!)) {
        const symbol = canonicalSymbol(spelling, market)
        if (symbol !== undefined && lists.every((list) => list.has(spelling))) carried.add(`${stream}:${symbol}`)
      }
    }
    return carried
  }

  #encoded(message: Record<string, unknown>): Frame {
    return this.#options.codec.encode(message)
  }
}

function spellingsIn(message: Wire, channel: string): string[] {
  const list = message[channel]
  return Array.isArray(list) ? list.filter((spelling): spelling is string => typeof spelling === 'string') : []
}
