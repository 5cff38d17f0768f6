import type { EntryId, EntryPosition } from './entry-position.ts'
import { foreignEntry, readEntry } from './entry.ts'
import type { LogEntry } from './log-entry.ts'

/** What stands in a shard at one place: an entry's bytes, or undefined where somebody else wrote something. */
export type Row = { readonly id: EntryId; readonly entry: Buffer | undefined }

/** How far a shard reaches. */
export type ShardReach = {
  /** Right before the oldest entry that is still there; undefined where there is none. */
  readonly first: EntryPosition | undefined
  /** When that entry was appended, epoch milliseconds on the log's own clock. */
  readonly firstAt: number | undefined
  /** The newest entry that ever was; undefined where there never was one. */
  readonly last: EntryId | undefined
  /** Nothing was ever trimmed. */
  readonly isWhole: boolean
  /** How many rows were ever added; undefined where the log's server does not say so. */
  readonly added: number | undefined
}

/** What a shard takes. */
export type Usage = {
  /** Epoch milliseconds on the log's own clock. */
  readonly nowMs: number
  readonly bytes: number
  readonly entries: number
  /** Ever. */
  readonly added: number
  /** When the oldest entry that is there was added, epoch milliseconds. */
  readonly firstMs: number
}

/** `trimmed`: entries may have come behind it and been trimmed. `lost`: the log is not the one that held it. */
export type Retention = 'held' | 'trimmed' | 'lost'

/** The shards of one log and the epoch that names its life, over connections of their own. */
export type LogSource = {
  readonly shards: number
  epoch(): Promise<string>
  /** Replaces the epoch unless somebody else did; returns the one in force. */
  renewEpoch(known: string): Promise<string>
  reach(shard: number): Promise<ShardReach>
  /** When what stands at a position was appended, epoch milliseconds on the log's own clock. */
  timeOf(position: EntryPosition): number
  /** Behind everything in a shard that was appended before an instant, epoch milliseconds on the log's own clock. */
  at(shard: number, timeMs: number): Promise<EntryPosition>
  usage(shard: number): Promise<Usage>
  /** What became of an entry that the log was seen to hold. */
  retentionOf(position: EntryPosition): Promise<Retention>
  /** Where whoever has read up to a position goes on, which may be one that the log has not reached. */
  withinReach(position: EntryPosition): Promise<EntryPosition>
  /** Rows from an id's own on, oldest first, whoever wrote them. */
  rowsFrom(shard: number, id: EntryId, maxRows: number): Promise<Row[]>
}

/** Waits for what is added to a log, over connections of its own. */
export type ShardsReader = {
  /** To be called before the first read, which reports what fails. */
  connect(): Promise<void>
  /** Rows behind positions of one shard each, so many of one at most, by the number of their position; none after `blockMs`. */
  read(
    positions: readonly EntryPosition[],
    limits: { readonly maxRows: number; readonly blockMs: number }
  ): Promise<(readonly [at: number, rows: readonly Row[]])[]>
  close(): void
}

/** What one process writes to the log as. */
export type LogProducer = {
  /**
   * Writes entries into a shard: in order, each exactly once, all of them or none. Resolves when they are there. Rejects when
   * they may not be there: then the same list must be given again, before any other. Throws TrimmedError where nobody will
   * ever know; then it must not.
   */
  write(shard: number, entries: readonly Buffer[]): Promise<void>
  /**
   * A heartbeat that is due in a shard, to be written as entries are: under the epoch that was in force at the last look.
   * `isLast`: nothing follows it.
   */
  heartbeat(shard: number, isLast: boolean): Buffer
  /** Looks whether the log has lost anything, of which everybody is told then; resolves with the epoch that is in force. */
  look(): Promise<string>
  /** Leaves out a number of each shard's entries, so that followers know that events are missing. */
  skip(): void
  /** Drops what a shard may not hold any longer. Absent where the log's server does it by itself. */
  trim?(shard: number): Promise<void>
  /** Lets every follower know that events are missing from the log. */
  tellGap(): Promise<void>
  close(): void
}

/** What an event log is made of: all that depends on where its events are kept. */
export type LogServer = {
  readonly source: LogSource
  /** Reads of long ago take their time: over connections on which nobody else waits. */
  readonly reads: LogSource
  readonly producer: LogProducer
  /** What a shard that is trimmed by its size holds on average. */
  readonly heldBytes: number
  /** A new one for each follower. */
  reader(): ShardsReader
  /** Ends what was opened here, but for the producer. */
  close(): void
}

/** Whether the log held an entry cannot be known any more. */
export class TrimmedError extends Error {
  constructor() {
    super('the log was trimmed before it was known whether it held these events')
    this.name = 'TrimmedError'
  }
}

/** Where rows behind an id begin. */
export const behindId = ({ idHigh, idLow }: EntryId): EntryId => ({ idHigh, idLow: idLow + 1 })

/** Reads a row as an entry. Throws RangeError where it is one that this version cannot read. */
export function entryOf(shard: number, { id, entry }: Row): LogEntry {
  const place = { shard, ...id }
  return entry ? readEntry(place, entry) : foreignEntry(place)
}
