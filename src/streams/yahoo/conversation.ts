import { streamOf, symbolOf } from '../../demand/want.ts'
import type { TopicName } from '../../market/event.ts'
import type { Conversation, Reaction } from '../feed.ts'
import { isWire } from '../fields.ts'
import type { Frame } from '../mapper.ts'
import { SilentSubscriptions } from '../silent-subscriptions.ts'
import { streamerSymbol } from './symbols.ts'

/** The streamer takes long lists; shorter frames are read sooner. */
const MAX_SYMBOLS_PER_REQUEST = 500
const NOTHING: Reaction = { send: [], signals: [] }

/** Nobody has to say who he is, and nothing is acknowledged. */
export class YahooConversation implements Conversation {
  readonly #subscriptions = new SilentSubscriptions()

  opened(): Reaction {
    return { send: [], signals: [{ is: 'authenticated' }] }
  }

  told(message: unknown): Reaction {
    if (!isWire(message) || typeof message.heard !== 'string') return NOTHING
    return this.#subscriptions.heard(`quotes:${message.heard}`)
  }

  subscribe(topics: readonly TopicName[]): readonly Frame[] {
    this.#subscriptions.ask(topics)
    return requests('subscribe', topics)
  }

  unsubscribe(topics: readonly TopicName[]): readonly Frame[] {
    this.#subscriptions.giveUp(topics)
    return requests('unsubscribe', topics)
  }

  renewed(): undefined {
    return undefined
  }

  overdue(): Reaction {
    return this.#subscriptions.overdue()
  }

  repeated(): readonly Frame[] {
    return requests('subscribe', [...this.#subscriptions.asked])
  }
}

function requests(action: 'subscribe' | 'unsubscribe', topics: readonly TopicName[]): Frame[] {
  const spellings = topics.flatMap((topic) =>
    streamOf(topic) === 'quotes' ? (streamerSymbol(symbolOf(topic)) ?? []) : []
  )
  const frames: Frame[] = []
  for (let at = 0; at < spellings.length; at += MAX_SYMBOLS_PER_REQUEST) {
    frames.push(JSON.stringify({ [action]: spellings.slice(at, at + MAX_SYMBOLS_PER_REQUEST) }))
  }
  return frames
}
