import type { Caller, LiveContext } from '../../hub/context.ts'
import type { Listener, SharedFeed } from '../../hub/shared-feed.ts'
import type { Topic } from '../../hub/topic.ts'
import type { UserUsage } from '../../hub/users.ts'
import { chunksOf } from '../../market/chunks.ts'
import { symbolOf } from '../../demand/want.ts'
import type { TopicName } from '../../market/event.ts'
import type { Update } from './event-message.ts'

/** So many topics are ended in one turn of the event loop. */
const TOPICS_PER_TURN = 250

export type FollowingOptions = {
  readonly context: LiveContext
  readonly feed: SharedFeed<Update>
  readonly listener: Listener<Update>
  /** The user's, already entered. */
  readonly usage: UserUsage
}

/** The topics that one client follows: wanted of the streams, held in the hub, and counted on the user. */
export class Following {
  readonly #options: FollowingOptions
  readonly #topics = new Map<TopicName, Topic>()

  constructor(options: FollowingOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#topics.size
  }

  has(name: TopicName): boolean {
    return this.#topics.has(name)
  }

  /** Whether any of these topics is followed. */
  hasAnyOf(symbols: ReadonlyMap<string, unknown>): boolean {
    return [...this.#topics.keys()].some((name) => symbols.has(symbolOf(name)))
  }

  /**
   * Wants topics that are not followed yet, and resolves when it is known who brings them. False, and nothing is wanted,
   * where that is more than the user may have or pay for.
   */
  async want(names: readonly TopicName[], caller: Caller): Promise<boolean> {
    if (names.length === 0) return true
    const { context, usage } = this.#options
    const limit = context.limits.subscriptionsPerUser
    if (usage.subscriptions + names.length > limit) return false
    if (caller.pay(new Set(names.map(symbolOf)).size)) return false
    const topics = names.map((name) => context.hub.topics.get(name))
    for (const topic of topics) {
      context.hub.topics.hold(topic)
      this.#topics.set(topic.name, topic)
    }
    usage.subscriptions += topics.length
    context.leases.add(usage.userId, names)
    await context.serving.decided(topics)
    return true
  }

  /** From now on the listener takes the events of topics that are wanted. */
  listen(names: readonly TopicName[]): void {
    const { feed, listener } = this.#options
    feed.add(listener, this.#among(names))
  }

  drop(names: readonly TopicName[]): void {
    const { context, feed, listener, usage } = this.#options
    const topics = this.#among(names)
    feed.remove(listener, topics)
    context.leases.remove(
      usage.userId,
      topics.map(({ name }) => name)
    )
    usage.subscriptions -= topics.length
    for (const topic of topics) {
      this.#topics.delete(topic.name)
      context.hub.topics.release(topic)
    }
  }

  /** Those of symbols that turned out to be unknown: the vendors confirm them, and are silent. */
  dropUnknown(symbols: ReadonlyMap<string, unknown>): void {
    this.drop([...this.#topics.keys()].filter((name) => symbols.has(symbolOf(name))))
  }

  /** When many go at once, others get their turns in between. */
  async end(): Promise<void> {
    for (const chunk of chunksOf([...this.#topics.keys()], TOPICS_PER_TURN)) {
      await this.#options.context.serialQueue.next()
      this.drop(chunk)
    }
  }

  #among(names: readonly TopicName[]): Topic[] {
    return names.flatMap((name) => this.#topics.get(name) ?? [])
  }
}
