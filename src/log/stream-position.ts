import type { EntryPlace, LogEntry } from './log-entry.ts'
import type { Position } from './position.ts'

export type StreamId = { readonly idMs: number; readonly idSeq: number }

/** What a position is made of: after the record `index` of the stream entry `idMs-idSeq`. */
export type StreamPosition = StreamId & { readonly shard: number; readonly index: number }

/** Comes after every record of its entry. */
export const LAST_INDEX = 0xff_ff_ff_ff
/** Comes before every record of its entry. */
export const BEFORE_RECORDS = -1

/** Of both parts of an id: 15 digits. No clock of ours gives more before the year 33658. */
export const MAX_ID_PART = 999_999_999_999_999

export const BEGINNING: StreamId = { idMs: 0, idSeq: 0 }

export const outsideOf = (position: StreamPosition): Position => position as unknown as Position
export const insideOf = (position: Position): StreamPosition => position as unknown as StreamPosition
export const placeOf = (entry: LogEntry): EntryPlace => entry as LogEntry & EntryPlace

export const idOf = ({ idMs, idSeq }: StreamId): string => `${idMs}-${idSeq}`

/** An id that this log cannot count in: somebody else gave it. */
export class ForeignIdError extends Error {
  readonly id: string

  constructor(id: string) {
    super(`the log has an id that is none of its own: ${id}`)
    this.name = 'ForeignIdError'
    this.id = id
  }
}

/** Reads an id as Redis gives it. Throws ForeignIdError. */
export function parseId(id: string): StreamId {
  const dash = id.indexOf('-')
  const idMs = Number(id.slice(0, dash))
  const idSeq = Number(id.slice(dash + 1))
  if (!(idMs <= MAX_ID_PART && idSeq <= MAX_ID_PART)) throw new ForeignIdError(id)
  return { idMs, idSeq }
}

/** Negative where `a` comes first. */
export const compareIds = (a: StreamId, b: StreamId): number => a.idMs - b.idMs || a.idSeq - b.idSeq

export const isBefore = (a: StreamId, b: StreamId): boolean => compareIds(a, b) < 0

export const endOf = (shard: number, { idMs, idSeq }: StreamId): StreamPosition => ({
  shard,
  idMs,
  idSeq,
  index: LAST_INDEX
})

/** Behind whatever comes before an id. */
export function startOf(shard: number, { idMs, idSeq }: StreamId): StreamPosition {
  const before = idSeq > 0 ? { idMs, idSeq: idSeq - 1 } : { idMs: idMs - 1, idSeq: MAX_ID_PART }
  return endOf(shard, idMs + idSeq > 0 ? before : BEGINNING)
}
