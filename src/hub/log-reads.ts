import type { LogEntry } from '../log/log-entry.ts'
import type { LogReader, Reach } from '../log/log.ts'
import type { Position } from '../log/position.ts'
import { behind, comparePositions } from '../log/positions.ts'

/** An answer of the log holds about so much; how many entries that is follows from those read before. */
const BYTES_PER_READ = 1024 * 1024
const FIRST_ENTRIES_PER_READ = 16
const MAX_ENTRIES_PER_READ = 2000
/** Kept for others who replay the same; the one that was used longest ago goes first. Who comes too late reads again. */
const MAX_KEPT_BYTES = 32 * 1024 * 1024
const MAX_KEPT_READS = 128
/** Nothing is kept when nobody has replayed for so long. */
const KEPT_MS = 10_000
/** Those who want what lies so close together are served from the first of them on. */
const NEAR_MS = 1000

/** What was read of a shard at once. */
export type Read = {
  /** The epoch that was in force when it was asked for. */
  readonly epoch: string
  readonly from: Position
  /** Behind the last entry; `from` where there is none. */
  readonly until: Position
  /** All that the log held between the two, unless it was trimmed or replaced: see `reach`. */
  readonly entries: readonly LogEntry[]
  readonly bytes: number
  /** Asked for afterwards: what it still reaches back to was there to be read. */
  readonly reach: Reach
}

type Waiting = { readonly at: Position; resolve(read: Read): void; reject(error: unknown): void }

/**
 * Reads the log of long ago for all who replay it, one read at a time. Who wants what another one has just had read gets the
 * same entries, so that a range is read once however many resume from it. Nobody waits for a slow client: each asks when it
 * can take more, and those who fall too far behind have their own reads.
 */
export class LogReads {
  readonly #log: LogReader
  readonly #epoch: () => string
  /** Used longest ago first. */
  readonly #kept = new Set<Read>()
  /** Whoever has waited longest comes first. */
  readonly #waiting: Waiting[] = []
  readonly #entriesPerRead: number[]
  #keptBytes = 0
  #isReading = false
  #expiry: NodeJS.Timeout | undefined

  /** `epoch` tells the one that is in force. */
  constructor(log: LogReader, epoch: () => string) {
    this.#log = log
    this.#epoch = epoch
    this.#entriesPerRead = Array.from({ length: log.shards }, () => FIRST_ENTRIES_PER_READ)
  }

  /** What the log holds behind a position, the first of it. Rejects where the log cannot be read. */
  async behind(at: Position): Promise<Read> {
    this.#keepOn()
    const kept = this.#find(at)
    if (kept) return kept
    const { promise, resolve, reject } = Promise.withResolvers<Read>()
    this.#waiting.push({ at, resolve, reject })
    if (!this.#isReading) void this.#readAll()
    return promise
  }

  #find(at: Position): Read | undefined {
    for (const read of this.#kept) {
      if (read.epoch !== this.#epoch() || !holds(read, at)) continue
      this.#kept.delete(read)
      this.#kept.add(read)
      return read
    }
    return undefined
  }

  async #readAll(): Promise<void> {
    this.#isReading = true
    while (this.#waiting.length > 0) {
      const first = this.#firstOfNext()
      try {
        const read = await this.#read(first.at)
        for (const waiting of this.#take((at) => isIn(read, at))) waiting.resolve(read)
      } catch (error) {
        // What a later version wrote is in the way of those alone who want it.
        const isOnlyHere = error instanceof RangeError
        for (const waiting of this.#take((at) => !isOnlyHere || at === first.at)) waiting.reject(error)
      }
    }
    this.#isReading = false
  }

  /** Where it pays to read from, so that whoever has waited longest is served, and those close by with it. */
  #firstOfNext(): Waiting {
    const longest = this.#waiting[0]!
    const near = this.#log.timeOf(longest.at) - NEAR_MS
    let first = longest
    for (const waiting of this.#waiting) {
      const { at } = waiting
      if (at.shard === first.at.shard && comparePositions(at, first.at) < 0 && this.#log.timeOf(at) >= near)
        first = waiting
    }
    return first
  }

  async #read(from: Position): Promise<Read> {
    const { shard } = from
    const epoch = this.#epoch()
    const entries = await this.#log.read(from, this.#entriesPerRead[shard]!)
    const reach = await this.#log.reach(shard)
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes.length, 0)
    const newest = entries.at(-1)
    const read = { epoch, from, until: newest ? behind(newest) : from, entries, bytes, reach }
    if (!newest) return read
    const perRead = Math.ceil((BYTES_PER_READ * entries.length) / Math.max(1, bytes))
    this.#entriesPerRead[shard] = Math.min(MAX_ENTRIES_PER_READ, perRead)
    if (reach.isWhole || (reach.first && comparePositions(reach.first, from) <= 0)) this.#keep(read)
    return read
  }

  #keep(read: Read): void {
    this.#kept.add(read)
    this.#keptBytes += read.bytes
    for (const oldest of this.#kept) {
      if (this.#keptBytes <= MAX_KEPT_BYTES && this.#kept.size <= MAX_KEPT_READS) return
      this.#kept.delete(oldest)
      this.#keptBytes -= oldest.bytes
    }
  }

  #keepOn(): void {
    if (this.#expiry) return void this.#expiry.refresh()
    this.#expiry = setTimeout(() => {
      this.#kept.clear()
      this.#keptBytes = 0
      this.#expiry = undefined
    }, KEPT_MS)
    this.#expiry.unref()
  }

  #take(isServed: (at: Position) => boolean): Waiting[] {
    const served: Waiting[] = []
    const left: Waiting[] = []
    for (const waiting of this.#waiting) (isServed(waiting.at) ? served : left).push(waiting)
    this.#waiting.splice(0, Infinity, ...left)
    return served
  }
}

/** Whether a read has what comes behind a position. */
const holds = ({ from, until }: Read, at: Position): boolean =>
  at.shard === from.shard && comparePositions(from, at) <= 0 && comparePositions(at, until) < 0

/** The same, or that nothing comes there. */
const isIn = (read: Read, at: Position): boolean =>
  holds(read, at) || (read.entries.length === 0 && at.shard === read.from.shard && comparePositions(read.from, at) <= 0)
