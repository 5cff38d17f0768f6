import type { LogEntry } from '../log/log-entry.ts'
import type { TopicName } from '../market/event.ts'
import { Topic } from './topic.ts'

/** Most rows of an entry are sorted out by the low bits of their hash. */
const FILTER_SIZE = 2 ** 16
const FILTER_MASK = FILTER_SIZE - 1

/** The topics that somebody needs: of all others this process knows nothing but the bytes of the newest entries. */
export class Topics {
  readonly #byName = new Map<TopicName, Topic>()
  /** Of topics with one hash there may be several. */
  readonly #byHash = new Map<number, Topic[]>()
  /** How many topics there are by the low bits of their hash. */
  readonly #filter = new Uint32Array(FILTER_SIZE)
  readonly #freeIds: number[] = []
  readonly #onCreated: (topic: Topic) => void
  /** Made and not held yet: whoever made them holds them in the same turn of the event loop. */
  #unheld: Topic[] = []
  readonly #found: (Topic | undefined)[] = []
  #nextId = 1
  #held = 0

  /** Told of each topic that is made: it knows no event yet. */
  constructor(onCreated: (topic: Topic) => void = () => undefined) {
    this.#onCreated = onCreated
  }

  get size(): number {
    return this.#byName.size
  }

  /** How many somebody holds. */
  get held(): number {
    return this.#held
  }

  /** The topic of a name; the same one as before while it is held. Nobody who does not hold it may keep it. */
  get(name: TopicName): Topic {
    return this.#byName.get(name) ?? this.#create(name)
  }

  find(name: TopicName): Topic | undefined {
    return this.#byName.get(name)
  }

  /**
   * The topics that an entry's rows name, by row; undefined where it names none. Valid until the next call. What nobody
   * needs costs some nanoseconds a row, and nothing where nobody needs anything.
   */
  namedBy(entry: LogEntry): readonly (Topic | undefined)[] | undefined {
    if (this.#byName.size === 0) return undefined
    const { rows } = entry
    const found = this.#found
    let isAny = false
    for (let row = 0; row < rows; row++) {
      const hash = entry.hash(row)
      const topic = this.#filter[hash & FILTER_MASK] === 0 ? undefined : this.#named(entry, row, hash)
      found[row] = topic
      isAny ||= topic !== undefined
    }
    return isAny ? found : undefined
  }

  /** Keeps a topic until it is released as often. Who listens to it, or is about to, must hold it. */
  hold(topic: Topic): void {
    if (topic.holders++ === 0) this.#held++
  }

  release(topic: Topic): void {
    if (--topic.holders > 0) return
    this.#held--
    this.#forget(topic)
  }

  [Symbol.iterator](): Iterator<Topic> {
    return this.#byName.values()
  }

  #named(entry: LogEntry, row: number, hash: number): Topic | undefined {
    const candidates = this.#byHash.get(hash)
    if (!candidates) return undefined
    for (const topic of candidates) if (entry.isTopic(row, topic.key)) return topic
    return undefined
  }

  #create(name: TopicName): Topic {
    const topic = new Topic(name, this.#freeIds.pop() ?? this.#nextId++)
    const { hash } = topic.key
    this.#byName.set(name, topic)
    const same = this.#byHash.get(hash)
    if (same) same.push(topic)
    else this.#byHash.set(hash, [topic])
    this.#filter[hash & FILTER_MASK]!++
    if (this.#unheld.length === 0) setImmediate(() => this.#forgetUnheld())
    this.#unheld.push(topic)
    this.#onCreated(topic)
    return topic
  }

  #forgetUnheld(): void {
    for (const topic of this.#unheld) if (topic.holders === 0) this.#forget(topic)
    this.#unheld = []
  }

  #forget(topic: Topic): void {
    const { hash } = topic.key
    if (this.#byName.get(topic.name) !== topic) return
    this.#byName.delete(topic.name)
    const left = this.#byHash.get(hash)!.filter((each) => each !== topic)
    if (left.length > 0) this.#byHash.set(hash, left)
    else this.#byHash.delete(hash)
    this.#filter[hash & FILTER_MASK]!--
    this.#freeIds.push(topic.id)
  }
}
