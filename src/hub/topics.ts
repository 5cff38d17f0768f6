import type { TopicName } from '../market/event.ts'
import { Topic } from './topic.ts'

/** Topics that nobody uses, kept for their newest values; above it those that were used longest ago are forgotten. */
const MAX_IDLE = 20_000
const MAX_FORGOTTEN_AT_ONCE = 500

/** The topics of this process, by name. */
export class Topics {
  readonly #byName = new Map<TopicName, Topic>()
  /** In the order in which they were last found unused; some are used again. */
  readonly #idle = new Set<Topic>()
  readonly #freeIds: number[] = []
  readonly #maxIdle: number
  #nextId = 1
  #held = 0

  constructor(maxIdle = MAX_IDLE) {
    this.#maxIdle = maxIdle
  }

  get size(): number {
    return this.#byName.size
  }

  /** How many somebody holds. */
  get held(): number {
    return this.#held
  }

  /** The topic of a name; the same one as before while it is used. */
  get(name: TopicName): Topic {
    return this.#byName.get(name) ?? this.#create(name)
  }

  find(name: TopicName): Topic | undefined {
    return this.#byName.get(name)
  }

  /** Keeps a topic until it is released as often. Who listens to it, or is about to, must hold it. */
  hold(topic: Topic): void {
    if (topic.holders++ === 0) this.#held++
  }

  release(topic: Topic): void {
    if (--topic.holders > 0) return
    this.#held--
    this.unused(topic)
  }

  /** To be called when a topic's last use may be over. */
  unused(topic: Topic): void {
    if (topic.isUsed) return
    this.#idle.delete(topic)
    this.#idle.add(topic)
    if (this.#idle.size > this.#maxIdle + MAX_FORGOTTEN_AT_ONCE) this.#forgetOldest()
  }

  [Symbol.iterator](): Iterator<Topic> {
    return this.#byName.values()
  }

  #create(name: TopicName): Topic {
    const topic = new Topic(name, this.#freeIds.pop() ?? this.#nextId++)
    this.#byName.set(name, topic)
    this.unused(topic)
    return topic
  }

  /** In one go: to find the oldest of a set costs the more, the more were taken from its front. */
  #forgetOldest(): void {
    for (const oldest of this.#idle) {
      if (this.#idle.size <= this.#maxIdle) return
      this.#idle.delete(oldest)
      if (oldest.isUsed) continue // it will be unused again
      this.#byName.delete(oldest.name)
      this.#freeIds.push(oldest.id)
    }
  }
}
