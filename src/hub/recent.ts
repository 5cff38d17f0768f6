import { readEntry } from '../log/entry.ts'
import type { LogEntry } from '../log/log-entry.ts'
import type { Position } from '../log/position.ts'
import { behind, comparePositions, compareRecord, EntryPlaces, recordsBefore } from '../log/positions.ts'
import { isSuperseded } from '../log/superseded.ts'
import { REORDERED_WITHIN_MS } from './superseded-filter.ts'
import type { EventRef, Topic } from './topic.ts'
import type { Topics } from './topics.ts'

/** An entry in a quiet market holds a record or two. */
const BYTES_PER_ENTRY = 256

export type Chunk = {
  readonly events: readonly EventRef[]
  /** What was read for them, or is to be sent. */
  readonly bytes: number
  /** Everything up to here was looked at. */
  readonly until: Position
  /** Nothing newer was seen, or is asked for. */
  readonly isHead: boolean
}

/**
 * The newest entries of one shard, as the hub saw them. Their bytes go round in one piece of memory and what is known of
 * them in columns: what lives for seconds in a busy process must not be objects, or collecting them stops deliveries for
 * tens of milliseconds.
 */
export class Recent {
  readonly shard: number
  readonly #bytes: Buffer
  /** By entry number, going round. */
  readonly #places: EntryPlaces
  /** Bytes that were ever written before the entry. */
  readonly #start: Float64Array
  readonly #length: Uint32Array
  readonly #firstSequence: Float64Array
  /** Entries from this number on are held. */
  #from = 0
  #to = 0
  /** Those before this number are of a log that was replaced. */
  #begin = 0
  #beginsAfter: Position
  #written = 0
  #head: Position
  /** What comes after this position is here. */
  #tail: Position

  readonly #topics: Topics

  /** Holds so many bytes of entries at most; knows nothing from before `head`. */
  constructor(head: Position, maxBytes: number, topics: Topics) {
    const entries = Math.ceil(maxBytes / BYTES_PER_ENTRY)
    this.shard = head.shard
    this.#bytes = Buffer.allocUnsafeSlow(maxBytes)
    this.#places = new EntryPlaces(head.shard, entries)
    this.#start = new Float64Array(entries)
    this.#length = new Uint32Array(entries)
    this.#firstSequence = new Float64Array(entries)
    this.#head = head
    this.#tail = head
    this.#beginsAfter = head
    this.#topics = topics
  }

  /** Behind the newest record seen. */
  get head(): Position {
    return this.#head
  }

  get tail(): Position {
    return this.#tail
  }

  /**
   * Takes an entry, the number of whose first event among all of the hub's is given. Returns it as it is held: its bytes
   * stay until as many were added as are held at most.
   */
  add(entry: LogEntry, firstSequence: number): LogEntry {
    const { length } = entry.bytes
    const head = behind(entry)
    if (this.#isReplacedBy(head)) this.restart(this.#head)
    this.#head = head
    if (length > this.#bytes.length) {
      while (this.#from < this.#to) this.#dropOldest()
      this.#tail = this.#head
      return entry
    }
    const start = this.#makeRoom(length)
    const held = this.#bytes.subarray(start % this.#bytes.length, (start % this.#bytes.length) + length)
    held.set(entry.bytes)
    const slot = this.#to++ % this.#start.length
    this.#places.set(slot, entry)
    this.#start[slot] = start
    this.#length[slot] = length
    this.#firstSequence[slot] = firstSequence
    this.#written = start + length
    return entry.lyingIn(held)
  }

  /** Lets topics that know no event yet know their newest one, where it is here. */
  lookBack(topics: Iterable<Topic>): void {
    for (const [topic, { entry, index, sequence }] of this.newestUpTo(this.#head, topics)) {
      topic.entry = entry
      topic.index = index
      topic.sequence = sequence
    }
  }

  /** The event of each topic that stands at a position: the newest one, where no quote before it comes after it in order. */
  newestUpTo(position: Position, topics: Iterable<Topic>): Map<Topic, EventRef> {
    const newest = new Map<Topic, EventRef>()
    const wanted = new Set(topics)
    const unknown = new Set(wanted)
    let neededSince = Infinity
    for (let number = Math.min(this.#firstAfter(position), this.#to - 1); number >= this.#from; number--) {
      const entry = this.#entry(number, false)
      if (unknown.size === 0 && entry.appendedAt < neededSince) break
      const named = this.#topics.namedBy(entry)
      if (!named) continue
      for (let index = entry.count - 1; index >= 0; index--) {
        const topic = named[entry.row(index)]
        if (!topic || !wanted.has(topic) || compareRecord(entry, index, position) > 0) continue
        const sequence = this.#firstSequence[this.#slotOf(number)]! + index
        const event = { topic, entry, index, sequence, stem: undefined }
        const held = newest.get(topic)
        if (!held || isSuperseded(held, event)) newest.set(topic, event)
        if (unknown.delete(topic)) neededSince = Math.min(neededSince, entry.appendedAt - REORDERED_WITHIN_MS)
      }
    }
    return newest
  }

  /** What came before this position was not seen in full. */
  limitTo(position: Position): void {
    if (comparePositions(position, this.#tail) > 0) this.#tail = position
  }

  covers(position: Position): boolean {
    return comparePositions(position, this.#tail) >= 0
  }

  /** The end of the newest entry behind a position that is here and not among others, whose ends are given in order. */
  newestBeside(position: Position, others: readonly Position[]): Position | undefined {
    const first = this.#firstAfter(position)
    let other = others.length - 1
    for (let number = this.#to - 1; number >= first; number--) {
      const slot = this.#slotOf(number)
      while (other >= 0 && this.#places.compareEnd(slot, others[other]!) < 0) other--
      if (other < 0 || this.#places.compareEnd(slot, others[other]!) !== 0) return this.#places.behind(slot)
    }
    return undefined
  }

  /** The end of the newest entry that is held and ends at a position or before it; without one, of the newest at all. */
  newestBefore(position: Position = this.#head): Position | undefined {
    const number = this.#firstAfter(position) - 1
    return number < this.#from ? undefined : this.#places.behind(this.#slotOf(number))
  }

  /** Copies of events of wanted topics behind a covered position, up to another: so many at most, whole entries. */
  after(position: Position, wanted: ReadonlySet<Topic>, maxEvents: number, last = this.#head): Chunk {
    const events: EventRef[] = []
    let bytes = 0
    let until = position
    const first = last === this.#head ? Math.max(this.#begin, this.#firstAfter(position)) : this.#firstAfter(position)
    for (let number = first; number < this.#to && events.length < maxEvents; number++) {
      const slot = this.#slotOf(number)
      if (this.#places.compareStart(slot, last) > 0) break
      const found = eventsOf(this.#entry(number, false), position, wanted, this.#topics, this.#firstSequence[slot]!)
      if (found.length > 0) {
        const entry = this.#entry(number, true)
        for (const event of found) {
          bytes += entry.recordBytes(event.index)
          events.push({ ...event, entry })
        }
      }
      until = this.#places.behind(slot)
    }
    const isHead = events.length < maxEvents || comparePositions(until, last) >= 0
    return { events, bytes, until: isHead ? last : until, isHead }
  }

  /** What comes is behind `head`, of another log. What was seen of the former one stays, as long as later ids come. */
  goOn(head: Position): void {
    // Of two that ran back, positions in the first would mean something in the second.
    if (this.#hasRunBack()) this.restart(head)
    this.#begin = this.#to
    this.#beginsAfter = head
    this.#head = head
  }

  /** Forgets everything. */
  restart(head: Position): void {
    while (this.#from < this.#to) this.#dropOldest()
    this.#head = head
    this.#tail = head
  }

  /** Whether an entry of the present log comes before one of the former log that is here. */
  #isReplacedBy(end: Position): boolean {
    if (this.#from === this.#to || this.#to !== this.#begin) return false
    return this.#places.compareEnd(this.#slotOf(this.#to - 1), end) >= 0
  }

  #hasRunBack(): boolean {
    if (this.#from === this.#to || this.#begin <= this.#from) return false
    return this.#places.compareEnd(this.#slotOf(this.#begin - 1), this.#beginsAfter) > 0
  }

  /** Drops what stands where the next entry goes; returns its start. An entry lies in one piece. */
  #makeRoom(length: number): number {
    const size = this.#bytes.length
    const left = size - (this.#written % size)
    const start = this.#written + (length > left ? left : 0)
    while (
      this.#from < this.#to &&
      (this.#start[this.#from % this.#start.length]! + size < start + length ||
        this.#to - this.#from === this.#start.length)
    ) {
      this.#dropOldest()
    }
    return start
  }

  #firstAfter(position: Position): number {
    let low = this.#from
    let high = this.#to
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (this.#places.compareEnd(this.#slotOf(middle), position) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #slotOf(number: number): number {
    return number % this.#start.length
  }

  #entry(number: number, isCopy: boolean): LogEntry {
    const slot = this.#slotOf(number)
    const at = this.#start[slot]! % this.#bytes.length
    const held = this.#bytes.subarray(at, at + this.#length[slot]!)
    return readEntry(this.#places.at(slot), isCopy ? Buffer.from(held) : held)
  }

  #dropOldest(): void {
    const number = this.#from++
    const slot = this.#slotOf(number)
    if (this.#topics.size > 0) this.#keepNewest(this.#entry(number, false), this.#firstSequence[slot]!)
    this.#tail = this.#places.behind(slot)
  }

  /** A topic whose newest event lies in an entry that is dropped keeps a copy of that one record. */
  #keepNewest(entry: LogEntry, firstSequence: number): void {
    for (const topic of this.#topics.namedBy(entry)?.slice(0, entry.rows) ?? []) {
      const index = topic ? topic.sequence - firstSequence : -1
      if (!topic?.entry || index < 0 || index >= entry.count) continue
      topic.entry = entry.only(index)
      topic.index = 0
    }
  }
}

/** Events of wanted topics that an entry holds behind a position. `firstSequence` is that of its first event. */
export function eventsOf(
  entry: LogEntry,
  position: Position,
  wanted: ReadonlySet<Topic>,
  topics: Topics,
  firstSequence: number
): EventRef[] {
  const named = topics.namedBy(entry)
  const events: EventRef[] = []
  if (!named) return events
  for (let index = recordsBefore(entry, position); index < entry.count; index++) {
    const topic = named[entry.row(index)]
    if (topic && wanted.has(topic))
      events.push({ topic, entry, index, sequence: firstSequence + index, stem: undefined })
  }
  return events
}
