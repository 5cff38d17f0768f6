import type { EntryPlace, LogEntry } from './log-entry.ts'
import type { Position } from './position.ts'
import {
  BEFORE_RECORDS,
  BEGINNING,
  compareIds,
  endOf,
  insideOf,
  LAST_INDEX,
  outsideOf,
  placeOf
} from './entry-position.ts'

/** Negative where `a` comes first. Positions of different shards have no order. */
export function comparePositions(a: Position, b: Position): number {
  const [left, right] = [insideOf(a), insideOf(b)]
  return left.idHigh - right.idHigh || left.idLow - right.idLow || left.index - right.index
}

/** When what stands at a position was appended, epoch milliseconds, in a log whose ids begin with that. */
export const timeIn = (position: Position): number => insideOf(position).idHigh

/** Before everything that a shard holds. */
export const beginningOf = (shard: number): Position => outsideOf(endOf(shard, BEGINNING))

/** Behind all records of an entry. */
export function behind(entry: LogEntry): Position {
  const { shard, idHigh, idLow } = placeOf(entry)
  return outsideOf({ shard, idHigh, idLow, index: LAST_INDEX })
}

/** Negative where a record of an entry comes before a position, 0 where the position is right behind it. */
export function compareRecord(entry: LogEntry, index: number, position: Position): number {
  const place = placeOf(entry)
  const { idHigh, idLow, index: last } = insideOf(position)
  return place.idHigh - idHigh || place.idLow - idLow || index - last
}

/** How many of an entry's records a position is behind: all, none, or those up to the one it names. */
export function recordsBefore(entry: LogEntry, position: Position): number {
  const order = compareIds(placeOf(entry), insideOf(position))
  if (order !== 0) return order < 0 ? entry.count : 0
  return Math.min(entry.count, insideOf(position).index + 1)
}

/** Where entries stand, by a number for each: what is held for seconds in a busy process must not be objects. */
export class EntryPlaces {
  readonly #shard: number
  readonly #idHigh: Float64Array
  readonly #idLow: Float64Array

  constructor(shard: number, size: number) {
    this.#shard = shard
    this.#idHigh = new Float64Array(size)
    this.#idLow = new Float64Array(size)
  }

  set(slot: number, entry: LogEntry): void {
    const { idHigh, idLow } = placeOf(entry)
    this.#idHigh[slot] = idHigh
    this.#idLow[slot] = idLow
  }

  /** As an entry is read with it. */
  at(slot: number): EntryPlace {
    return { shard: this.#shard, idHigh: this.#idHigh[slot]!, idLow: this.#idLow[slot]! }
  }

  /** Behind all records of an entry. */
  behind(slot: number): Position {
    return outsideOf({ ...this.at(slot), index: LAST_INDEX })
  }

  /** Negative where all of an entry's records come before a position, 0 where it is right behind them. */
  compareEnd(slot: number, position: Position): number {
    return this.#compare(slot, LAST_INDEX, position)
  }

  /** Negative where an entry's records begin before a position. */
  compareStart(slot: number, position: Position): number {
    return this.#compare(slot, BEFORE_RECORDS, position)
  }

  #compare(slot: number, index: number, position: Position): number {
    const { idHigh, idLow, index: last } = insideOf(position)
    return this.#idHigh[slot]! - idHigh || this.#idLow[slot]! - idLow || index - last
  }
}
