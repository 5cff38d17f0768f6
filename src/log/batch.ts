import type { LogEntry } from './log-entry.ts'
import type { Position } from './position.ts'

/** Where in a shard entries may be lost to who follows it. */
export type Loss = {
  /** Those to come are behind it. */
  readonly position: Position
  /** Nothing is lost up to here. */
  readonly since: Position
  /**
   * The ends of the entries that the log holds behind `since` as far as it was followed, in order; undefined where that is too much to tell. Up to the newest
   * entry that was given and is not among them, nothing is lost either.
   */
  readonly held: readonly Position[] | undefined
  /** False where it is known that nothing was lost which the follower had not read. */
  readonly isMissing: boolean
}

/** Entries may be lost to who follows. */
export type Gap = {
  /** Under another one than before the log is another one, and there is a loss for every shard. */
  readonly epoch: string
  /** Under the same epoch entries were trimmed before they could be read, or a later version wrote them. */
  readonly losses: readonly Loss[]
}

/** What a reader of the log gets at once: entries of one shard, in order, each exactly once, or a gap. */
export type Batch = {
  /** By those that have no records a producer shows that it is there. */
  readonly entries: readonly LogEntry[]
  /** Of each shard: where who has taken this goes on. */
  readonly end: readonly Position[]
  /** When the newest entry was appended, epoch milliseconds with fractions; undefined of a gap. */
  readonly appendedAt: number | undefined
  readonly gap: Gap | undefined
}

/** Where to follow from: behind positions, one for each shard; behind what there is now; or from the oldest entry on. */
export type Start = readonly Position[] | 'now' | 'beginning'

/** A reader's way through the log. */
export interface Following extends AsyncIterableIterator<Batch, undefined, undefined> {
  /** Whether the log could be read last time. */
  readonly isConnected: boolean
  /** Events of kinds that this version does not know, so far. */
  readonly unknown: number
  return(): Promise<IteratorResult<Batch, undefined>>
}
