import type { TopicName } from '../market/event.ts'
import type { Reaction, Signal } from './feed.ts'

/**
 * What is subscribed to at a vendor that acknowledges nothing: a topic is carried once something came of it. What is quiet for
 * as long as an acknowledgement may take is carried too, for such a vendor does not say otherwise.
 */
export class SilentSubscriptions {
  readonly #asked = new Set<TopicName>()
  readonly #carried = new Set<TopicName>()

  /** What was given up since it was last told what is carried. */
  #hasLess = false

  /** All that was asked for. */
  get asked(): ReadonlySet<TopicName> {
    return this.#asked
  }

  ask(topics: Iterable<TopicName>): void {
    for (const topic of topics) this.#asked.add(topic)
  }

  giveUp(topics: Iterable<TopicName>): void {
    for (const topic of topics) {
      this.#asked.delete(topic)
      this.#carried.delete(topic)
    }
    this.#hasLess = true
  }

  /** Something came of a topic. */
  heard(topic: TopicName): Reaction {
    const isNew = this.#asked.has(topic) && !this.#carried.has(topic)
    if (!isNew && !this.#hasLess) return { send: [], signals: [] }
    if (isNew) this.#carried.add(topic)
    return this.#carrying()
  }

  /** Nothing came for as long as an acknowledgement may take. */
  overdue(): Reaction {
    for (const topic of this.#asked) this.#carried.add(topic)
    return this.#carrying()
  }

  #carrying(): Reaction {
    this.#hasLess = false
    const signal: Signal = { is: 'carrying', topics: new Set(this.#carried) }
    return { send: [], signals: [signal] }
  }
}
