/** A place in one shard of the log: after the record `index` of the stream entry `idMs-idSeq`. */
export type Position = {
  readonly shard: number
  readonly idMs: number
  readonly idSeq: number
  readonly index: number
}

/** A position in one life of the log. */
export type Place = Position & { readonly epoch: string }

/** What clients hold to resume by: one place per shard that they have seen. */
export type Cursor = readonly Place[]

/** Comes after every record of its entry. */
export const LAST_INDEX = 0xff_ff_ff_ff

const PART = /^([0-9a-z]{1,16})\.(\d{1,4})\.(\d{1,15})-(\d{1,15})\.(\d{1,10})$/

export const idOf = ({ idMs, idSeq }: Pick<Position, 'idMs' | 'idSeq'>): string => `${idMs}-${idSeq}`

/** Of both parts of an id: 15 digits, as in a cursor. No clock of ours gives more before the year 33658. */
export const MAX_ID_PART = 999_999_999_999_999

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
export function parseId(id: string): { idMs: number; idSeq: number } {
  const dash = id.indexOf('-')
  const idMs = Number(id.slice(0, dash))
  const idSeq = Number(id.slice(dash + 1))
  if (!(idMs <= MAX_ID_PART && idSeq <= MAX_ID_PART)) throw new ForeignIdError(id)
  return { idMs, idSeq }
}

/** Negative where `a` comes first. Positions of different shards have no order. */
export function comparePositions(a: Omit<Position, 'shard'>, b: Omit<Position, 'shard'>): number {
  return a.idMs - b.idMs || a.idSeq - b.idSeq || a.index - b.index
}

/** `<epoch>.<shard>.<stream id>.<index>`, one per shard, joined by commas. */
export function formatCursor(epoch: string, positions: readonly Position[]): string {
  return positions.map((each) => `${epoch}.${each.shard}.${idOf(each)}.${each.index}`).join(',')
}

/**
 * Reads what a client sent; undefined for anything that was never a cursor. Of several places in a shard the last counts.
 * When the log was replaced, a client can hold places of several epochs for a while.
 */
export function parseCursor(text: string): Cursor | undefined {
  const places = new Map<number, Place>()
  for (const part of text.split(',')) {
    const match = PART.exec(part)
    if (!match) return undefined
    const [shard, idMs, idSeq, index] = match.slice(2).map(Number) as [number, number, number, number]
    places.set(shard, { epoch: match[1]!, shard, idMs, idSeq, index })
  }
  return [...places.values()]
}
