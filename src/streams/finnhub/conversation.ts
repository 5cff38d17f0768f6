import { symbolOf } from '../../demand/want.ts'
import type { TopicName } from '../../market/event.ts'
import type { Conversation, Reaction } from '../feed.ts'
import { isWire } from '../fields.ts'
import type { Frame } from '../mapper.ts'
import { SilentSubscriptions } from '../silent-subscriptions.ts'
import { finnhubSymbol } from './symbols.ts'

const NOTHING: Reaction = { send: [], signals: [] }

/** The key stands in the address, so that whoever is connected is known. Each symbol is a message, and nothing is acknowledged. */
export class FinnhubConversation implements Conversation {
  readonly #subscriptions = new SilentSubscriptions()

  opened(): Reaction {
    return { send: [], signals: [{ is: 'authenticated' }] }
  }

  /** Errors name no symbol. */
  told(message: unknown): Reaction {
    if (!isWire(message)) return NOTHING
    if (typeof message.heard === 'string') return this.#subscriptions.heard(`trades:${message.heard}`)
    if (message.type !== 'error') return NOTHING
    return { send: [], signals: [{ is: 'notice', text: `the vendor says "${String(message.msg).slice(0, 100)}"` }] }
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
}

function requests(type: 'subscribe' | 'unsubscribe', topics: readonly TopicName[]): Frame[] {
  return topics.flatMap((topic) => {
    const symbol = finnhubSymbol(symbolOf(topic))
    return symbol === undefined ? [] : [JSON.stringify({ type, symbol })]
  })
}
