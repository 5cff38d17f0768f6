import type { LogEntry } from '../log/entry.ts'
import { comparePositions, LAST_INDEX, type Position } from '../log/position.ts'
import type { EventRef, Topic } from './topic.ts'

/** Per shard. Clients that were away for moments are served from here; older ones from the log itself. */
const MAX_RECENT_BYTES = 32 * 1024 * 1024
const DROPPED_TOGETHER = 64

export type Chunk = {
  readonly events: readonly EventRef[]
  /** Everything up to here was looked at. */
  readonly until: Position
  /** Nothing newer was seen. */
  readonly isHead: boolean
}

type Held = { readonly entry: LogEntry; readonly topics: readonly Topic[]; readonly firstSequence: number }

/** The newest entries of one shard, as the hub saw them. */
export class Recent {
  readonly shard: number
  readonly #held: Held[] = []
  #from = 0
  #bytes = 0
  #head: Position
  /** What comes after this position is here. */
  #tail: Position

  /** Knows nothing from before `head`. */
  constructor(head: Position) {
    this.shard = head.shard
    this.#head = head
    this.#tail = head
  }

  /** The newest record seen. */
  get head(): Position {
    return this.#head
  }

  get tail(): Position {
    return this.#tail
  }

  /** Takes an entry with the topic of each of its records. */
  add(entry: LogEntry, topics: readonly Topic[], firstSequence: number): void {
    const { shard, idMs, idSeq } = entry
    this.#held.push({ entry, topics, firstSequence })
    this.#bytes += entry.bytes.length
    this.#head = { shard, idMs, idSeq, index: entry.count - 1 }
    while (this.#bytes > MAX_RECENT_BYTES && this.#held.length - this.#from > 1) this.#dropOldest()
  }

  /** What came before this position was not seen in full. */
  limitTo(position: Position): void {
    if (comparePositions(position, this.#tail) > 0) this.#tail = position
  }

  covers(position: Position): boolean {
    return comparePositions(position, this.#tail) >= 0
  }

  /** Events of wanted topics behind a covered position: so many at most, whole entries. */
  after(position: Position, wanted: ReadonlySet<Topic>, maxEvents: number): Chunk {
    const events: EventRef[] = []
    let until = position
    for (let at = this.#firstAfter(position); at < this.#held.length && events.length < maxEvents; at++) {
      const { entry, topics, firstSequence } = this.#held[at]!
      const { shard, idMs, idSeq } = entry
      for (let index = firstAfter(entry, position); index < topics.length; index++) {
        const topic = topics[index]!
        if (wanted.has(topic)) events.push({ topic, entry, index, sequence: firstSequence + index })
      }
      until = { shard, idMs, idSeq, index: entry.count - 1 }
    }
    const isHead = comparePositions(until, this.#head) >= 0
    return { events, until: isHead ? this.#head : until, isHead }
  }

  /** Forgets everything: the log is another one. */
  restart(head: Position): void {
    this.#held.length = 0
    this.#from = 0
    this.#bytes = 0
    this.#head = head
    this.#tail = head
  }

  #firstAfter(position: Position): number {
    let low = this.#from
    let high = this.#held.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const { idMs, idSeq, count } = this.#held[middle]!.entry
      if (comparePositions({ idMs, idSeq, index: count - 1 }, position) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** A topic whose newest event lies in a dropped entry keeps that one record, not the entry. */
  #dropOldest(): void {
    const { entry, topics } = this.#held[this.#from]!
    for (const [index, topic] of topics.entries()) {
      if (topic.entry !== entry || topic.index !== index) continue
      topic.entry = entry.only(index)
      topic.index = 0
    }
    this.#bytes -= entry.bytes.length
    this.#tail = { shard: this.shard, idMs: entry.idMs, idSeq: entry.idSeq, index: LAST_INDEX }
    if (++this.#from < DROPPED_TOGETHER) return
    this.#held.splice(0, this.#from)
    this.#from = 0
  }
}

/** The first record of an entry that comes after a position; the entry's end lies behind it. */
export function firstAfter({ idMs, idSeq }: LogEntry, position: Position): number {
  return idMs === position.idMs && idSeq === position.idSeq ? position.index + 1 : 0
}
