import { BEGINNING, endOf, MAX_ID_PART, type EntryId, type EntryPosition } from '../entry-position.ts'

export const idOf = ({ idHigh, idLow }: EntryId): string => `${idHigh}-${idLow}`

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
export function parseId(id: string): EntryId {
  const dash = id.indexOf('-')
  const idHigh = Number(id.slice(0, dash))
  const idLow = Number(id.slice(dash + 1))
  if (!(idHigh <= MAX_ID_PART && idLow <= MAX_ID_PART)) throw new ForeignIdError(id)
  return { idHigh, idLow }
}

/** Behind whatever comes before an id. */
export function startOf(shard: number, { idHigh, idLow }: EntryId): EntryPosition {
  const before = idLow > 0 ? { idHigh, idLow: idLow - 1 } : { idHigh: idHigh - 1, idLow: MAX_ID_PART }
  return endOf(shard, idHigh + idLow > 0 ? before : BEGINNING)
}
