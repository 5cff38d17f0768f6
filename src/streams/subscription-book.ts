import type { TopicName } from '../market/event.ts'

/** What is to be asked for and given up; each list may be empty. */
export type SubscriptionChange = {
  readonly subscribe: readonly TopicName[]
  readonly unsubscribe: readonly TopicName[]
}

/**
 * What is wanted of a connection against what the vendor has acknowledged. Nothing is asked for twice: while a request for
 * a topic is on its way, its answer decides what comes next.
 */
export class SubscriptionBook {
  #wanted: ReadonlySet<TopicName> = new Set()
  #acknowledged: ReadonlySet<TopicName> = new Set()
  #late: ReadonlySet<TopicName> = new Set()
  readonly #subscribing = new Set<TopicName>()
  readonly #unsubscribing = new Set<TopicName>()
  readonly #refused = new Map<TopicName, string>()

  get wanted(): ReadonlySet<TopicName> {
    return this.#wanted
  }

  get acknowledged(): ReadonlySet<TopicName> {
    return this.#acknowledged
  }

  /** What of it comes late. */
  get late(): ReadonlySet<TopicName> {
    return this.#late
  }

  /** Reasons by topic. */
  get refused(): ReadonlyMap<TopicName, string> {
    return this.#refused
  }

  /** Whether requests wait for their answers. */
  get isPending(): boolean {
    return this.#subscribing.size > 0 || this.#unsubscribing.size > 0
  }

  want(topics: ReadonlySet<TopicName>): void {
    this.#wanted = topics
    for (const topic of this.#refused.keys()) if (!topics.has(topic)) this.#refused.delete(topic)
  }

  /** A connection has acknowledged nothing yet. */
  begin(): void {
    this.#acknowledged = new Set()
    this.#late = new Set()
    this.#subscribing.clear()
    this.#unsubscribing.clear()
    this.#refused.clear()
  }

  /** All that the vendor has acknowledged by now, and what of it comes late. */
  acknowledge(topics: ReadonlySet<TopicName>, late: ReadonlySet<TopicName> = new Set()): void {
    const hasRoom = topics.size < this.#acknowledged.size
    this.#acknowledged = topics
    this.#late = late
    for (const topic of topics) this.#subscribing.delete(topic)
    for (const topic of this.#unsubscribing) if (!topics.has(topic)) this.#unsubscribing.delete(topic)
    // What did not fit may fit now.
    if (hasRoom) this.#refused.clear()
  }

  refuse(topics: readonly TopicName[], reason: string): void {
    for (const topic of topics) {
      this.#unsubscribing.delete(topic)
      if (this.#subscribing.delete(topic)) this.#refused.set(topic, reason)
    }
  }

  /** What to ask the vendor for now. The caller must do so. */
  change(): SubscriptionChange {
    const isFree = (topic: TopicName) => !this.#subscribing.has(topic) && !this.#unsubscribing.has(topic)
    const subscribe = [...this.#wanted].filter(
      (topic) => !this.#acknowledged.has(topic) && !this.#refused.has(topic) && isFree(topic)
    )
    const unsubscribe = [...this.#acknowledged].filter((topic) => !this.#wanted.has(topic) && isFree(topic))
    for (const topic of subscribe) this.#subscribing.add(topic)
    for (const topic of unsubscribe) this.#unsubscribing.add(topic)
    return { subscribe, unsubscribe }
  }

  /** What to give up so that it is asked for again: a subscription that brings nothing. */
  renewal(topics: Iterable<TopicName>): readonly TopicName[] {
    const again = [...topics].filter((topic) => this.#acknowledged.has(topic) && !this.#unsubscribing.has(topic))
    for (const topic of again) this.#unsubscribing.add(topic)
    return again
  }
}
