import type { Connection } from './connection.ts'
import type { LiveContext } from './context.ts'
import { leasedOf } from './subject.ts'
import type { Topic } from './topic.ts'
import type { UserUsage } from './users.ts'

export type HeldTopicsOptions = {
  readonly context: Pick<LiveContext, 'hub' | 'leases'>
  readonly connection: Connection
  readonly usage: UserUsage
}

/** The topics of one connection's subscriptions, with what follows of them: holds of the hub, leases, the user's usage. */
export class HeldTopics {
  readonly #options: HeldTopicsOptions
  /** Held and not followed yet: their snapshot or replay is to come. The others are those of its audience, shared. */
  #awaited: Set<Topic> | undefined

  constructor(options: HeldTopicsOptions) {
    this.#options = options
  }

  get count(): number {
    return (this.#awaited?.size ?? 0) + (this.#options.connection.audience?.topics.size ?? 0)
  }

  has(topic: Topic): boolean {
    return this.#awaited?.has(topic) || this.#options.connection.audience?.topics.has(topic) || false
  }

  /** Whether it is held and not followed yet. */
  isAwaited(topic: Topic): boolean {
    return this.#awaited?.has(topic) ?? false
  }

  all(): Topic[] {
    return [...(this.#options.connection.audience?.topics.items ?? []), ...(this.#awaited ?? [])]
  }

  /** Those of some names that are held. */
  named(names: readonly string[]): Topic[] {
    return names.flatMap((name) => {
      const topic = this.#options.context.hub.topics.find(name)
      return topic && this.has(topic) ? [topic] : []
    })
  }

  /** Holds topics, to follow them later. Returns those that were not held. */
  hold(topics: readonly Topic[]): Topic[] {
    const { context, usage } = this.#options
    const added = topics.filter((topic) => !this.has(topic))
    for (const topic of added) {
      this.#awaited ??= new Set()
      this.#awaited.add(topic)
      context.hub.topics.hold(topic)
    }
    usage.subscriptions += added.length
    context.leases.add(usage.userId, leasedOf(added))
    return added
  }

  /** From now on the connection gets the events of topics that it holds. */
  follow(topics: readonly Topic[]): void {
    const { context, connection } = this.#options
    context.hub.follow(connection, topics, connection.format)
    this.#awaitNoMore(topics)
  }

  /** Ends what is held of some topics. */
  release(topics: readonly Topic[]): void {
    const { context, connection, usage } = this.#options
    const removed = [...new Set(topics)].filter((topic) => this.has(topic))
    context.hub.unfollow(connection, removed)
    this.#awaitNoMore(removed)
    for (const topic of removed) context.hub.topics.release(topic)
    usage.subscriptions -= removed.length
    context.leases.remove(usage.userId, leasedOf(removed))
  }

  #awaitNoMore(topics: readonly Topic[]): void {
    for (const topic of topics) this.#awaited?.delete(topic)
    if (this.#awaited?.size === 0) this.#awaited = undefined
  }
}
