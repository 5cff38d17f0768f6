import type { Hub } from './hub.ts'
import type { Audience, EventList, EventRef, Format, Member, Topic } from './topic.ts'

export interface Listener<Update> {
  take(update: Update): void
}

/** The hub makes the least of an event for who wants binary records. */
const FORMAT: Format = { binary: true, batch: false, changes: false, conflateMs: 0 }

/**
 * Listens to the hub once for all clients of a protocol that is not the hub's own: an event is read once, whoever wants it.
 */
export class SharedFeed<Update> implements Member {
  audience: Audience | undefined
  /** Takes events and no frames: to the hub it is behind for ever, so that no frames are assembled for it. */
  readonly isBehind = true
  readonly isWriting = false
  readonly #hub: Hub
  readonly #read: (event: EventRef) => Update
  readonly #listeners = new Map<Topic, Set<Listener<Update>>>()

  constructor(hub: Hub, read: (event: EventRef) => Update) {
    this.#hub = hub
    this.#read = read
  }

  /** Nothing is ever assembled for it. */
  deliver(): void {}

  miss(events: EventList): void {
    for (let at = 0; at < events.count; at++) {
      const listeners = this.#listeners.get(events.topic(at))
      if (!listeners) continue
      const update = this.#read(events.event(at))
      for (const listener of listeners) listener.take(update)
    }
  }

  /**
   * From now on the listener takes the topics' events. Those that the hub has seen before are none of them, so that who
   * reads the topics' newest events in the same moment misses nothing and gets nothing twice.
   */
  add(listener: Listener<Update>, topics: readonly Topic[]): void {
    // What waits belongs to those who listened until now.
    this.#hub.settle(this)
    for (const topic of topics) {
      const listeners = this.#listeners.get(topic)
      if (listeners) listeners.add(listener)
      else this.#listeners.set(topic, new Set([listener]))
    }
    this.#hub.follow(this, topics, FORMAT)
  }

  remove(listener: Listener<Update>, topics: readonly Topic[]): void {
    const left: Topic[] = []
    this.#hub.settle(this)
    for (const topic of topics) {
      const listeners = this.#listeners.get(topic)
      listeners?.delete(listener)
      if (listeners?.size !== 0) continue
      this.#listeners.delete(topic)
      left.push(topic)
    }
    this.#hub.unfollow(this, left)
  }
}
