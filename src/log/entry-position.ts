import type { EntryPlace, LogEntry } from './log-entry.ts'
import type { Position } from './position.ts'

/**
 * Where an entry stands in its shard: by the first number, then by the second. In Redis they are the parts of a stream's
 * id, milliseconds and a count; in Kafka the offset behind the entry and when it was appended, epoch milliseconds.
 */
export type EntryId = { readonly idHigh: number; readonly idLow: number }

/** What a position is made of: after the record `index` of an entry. */
export type EntryPosition = EntryId & { readonly shard: number; readonly index: number }

/** Comes after every record of its entry. */
export const LAST_INDEX = 0xff_ff_ff_ff
/** Comes before every record of its entry. */
export const BEFORE_RECORDS = -1

/** Of both numbers: 15 digits. No clock of ours gives more before the year 33658. */
export const MAX_ID_PART = 999_999_999_999_999

export const BEGINNING: EntryId = { idHigh: 0, idLow: 0 }

export const outsideOf = (position: EntryPosition): Position => position as unknown as Position
export const insideOf = (position: Position): EntryPosition => position as unknown as EntryPosition
export const placeOf = (entry: LogEntry): EntryPlace => entry as LogEntry & EntryPlace

/** Negative where `a` comes first. */
export const compareIds = (a: EntryId, b: EntryId): number => a.idHigh - b.idHigh || a.idLow - b.idLow

export const isBefore = (a: EntryId, b: EntryId): boolean => compareIds(a, b) < 0

export const endOf = (shard: number, { idHigh, idLow }: EntryId): EntryPosition => ({
  shard,
  idHigh,
  idLow,
  index: LAST_INDEX
})
