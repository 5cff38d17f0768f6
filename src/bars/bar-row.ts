import { COUNTS, MOVES_LAST, MOVES_RANGE } from '../market/trade-conditions.ts'
import type { BarTrade } from './bar-trade.ts'

/**
 * What is known of the trades of an interval: so many doubles, one behind the other. Rows of the same trades are the same, in
 * whichever order these came, and the row of two intervals is made of the two rows: first and last are told by the order of the
 * trades, and the volume is summed with what the sum itself cannot hold.
 */
export const Field = {
  /** Epoch milliseconds of the beginning; of a day, days since 1970. NaN before the first trade. */
  start: 0,
  open: 1,
  high: 2,
  low: 3,
  close: 4,
  volume: 5,
  volumeRest: 6,
  /** All trades, those that move no price too. */
  trades: 7,
  firstMs: 8,
  firstNs: 9,
  firstSequence: 10,
  lastMs: 11,
  lastNs: 12,
  lastSequence: 13,
  /** What was told of the bar: one of Published. */
  published: 14,
  /** How many trades that was about; other than there are, it must be told again. */
  publishedTrades: 15,
  revision: 16,
  /** Of a change to come: an index of REASONS. */
  reason: 17
} as const
export const FIELDS = 18
/** These tell of trades; what is behind them, of what was told. */
const FIGURES = Field.published

export const Published = { nothing: 0, provisional: 1, final: 2 } as const

/** A double names every decimal of so many digits, and so a sum of decimals that has no more. */
const EXACT_DIGITS = 15

/** Empties the figures of a row, which begins at `start` from then on. What was told of it stays. */
export function clearFigures(rows: Float64Array, at: number, start: number): void {
  rows.fill(0, at, at + FIGURES)
  rows[at + Field.start] = start
  rows[at + Field.open] = Number.NaN
  rows[at + Field.close] = Number.NaN
  rows[at + Field.high] = -Infinity
  rows[at + Field.low] = Infinity
  rows[at + Field.firstMs] = Infinity
  rows[at + Field.lastMs] = -Infinity
}

export function clearRow(rows: Float64Array, at: number, start: number): void {
  clearFigures(rows, at, start)
  rows.fill(0, at + FIGURES, at + FIELDS)
}

export const isEmpty = (rows: Float64Array, at: number): boolean => rows[at + Field.trades] === 0

/** Whether there is a bar: without a trade that may move the price an interval has none. */
export const hasPrice = (rows: Float64Array, at: number): boolean => rows[at + Field.firstMs] !== Infinity

/** `moves`: which of MOVES_LAST, MOVES_RANGE and COUNTS. */
export function addTrade(rows: Float64Array, at: number, trade: BarTrade, moves: number): void {
  const { price } = trade
  rows[at + Field.trades]!++
  if (moves & MOVES_RANGE) {
    if (price > rows[at + Field.high]!) rows[at + Field.high] = price
    if (price < rows[at + Field.low]!) rows[at + Field.low] = price
  }
  if (moves & MOVES_LAST) addPrice(rows, at, trade)
  if (moves & COUNTS) addVolume(rows, at, trade.size)
}

/** A trade that is later than the last is the first only where there was none. */
function addPrice(rows: Float64Array, at: number, trade: BarTrade): void {
  const lastMs = rows[at + Field.lastMs]!
  if (trade.asOf.ms > lastMs) {
    setLast(rows, at, trade)
    if (lastMs === -Infinity) setFirst(rows, at, trade)
    return
  }
  if (orderOf(rows, at + Field.lastMs, rows[at + Field.close]!, trade) < 0) setLast(rows, at, trade)
  if (orderOf(rows, at + Field.firstMs, rows[at + Field.open]!, trade) > 0) setFirst(rows, at, trade)
}

/** Adds the trades of one row to another one, be it in another array. */
export function addRow(from: Float64Array, source: number, to: Float64Array, target: number): void {
  to[target + Field.trades]! += from[source + Field.trades]!
  if (from[source + Field.high]! > to[target + Field.high]!) to[target + Field.high] = from[source + Field.high]!
  if (from[source + Field.low]! < to[target + Field.low]!) to[target + Field.low] = from[source + Field.low]!
  for (const { end, price, sign } of ENDS) {
    if (compareEnds(from, source, to, target, end, price) * sign <= 0) continue
    to.set(from.subarray(source + end, source + end + 3), target + end)
    to[target + price] = from[source + price]!
  }
  addVolume(to, target, from[source + Field.volume]!)
  to[target + Field.volumeRest]! += from[source + Field.volumeRest]!
}

/** The first trade is the least, and the last one the greatest. */
const ENDS = [
  { end: Field.firstMs, price: Field.open, sign: -1 },
  { end: Field.lastMs, price: Field.close, sign: 1 }
]

/** The volume as the decimals that it was summed of give it. */
export function volumeOf(rows: Float64Array, at: number): number {
  return Number((rows[at + Field.volume]! + rows[at + Field.volumeRest]!).toPrecision(EXACT_DIGITS))
}

/** Sums without loss: what the rounding of the sum drops goes to the rest. */
function addVolume(rows: Float64Array, at: number, size: number): void {
  const held = rows[at + Field.volume]!
  const sum = held + size
  const ofSize = sum - held
  rows[at + Field.volume] = sum
  rows[at + Field.volumeRest]! += held - (sum - ofSize) + (size - ofSize)
}

/** Negative where what stands at `end` comes before the trade. Of one instant and sequence the lower price is the first. */
function orderOf(rows: Float64Array, end: number, price: number, trade: BarTrade): number {
  const { asOf } = trade
  return rows[end]! - asOf.ms || rows[end + 1]! - asOf.ns || rows[end + 2]! - trade.sequence || price - trade.price
}

function compareEnds(a: Float64Array, atA: number, b: Float64Array, atB: number, end: number, price: number): number {
  const [left, right] = [a[atA + end]!, b[atB + end]!]
  if (left !== right) return left < right ? -1 : 1
  if (!Number.isFinite(left)) return 0
  return (
    a[atA + end + 1]! - b[atB + end + 1]! || a[atA + end + 2]! - b[atB + end + 2]! || a[atA + price]! - b[atB + price]!
  )
}

function setFirst(rows: Float64Array, at: number, { asOf, sequence, price }: BarTrade): void {
  rows[at + Field.open] = price
  rows[at + Field.firstMs] = asOf.ms
  rows[at + Field.firstNs] = asOf.ns
  rows[at + Field.firstSequence] = sequence
}

function setLast(rows: Float64Array, at: number, { asOf, sequence, price }: BarTrade): void {
  rows[at + Field.close] = price
  rows[at + Field.lastMs] = asOf.ms
  rows[at + Field.lastNs] = asOf.ns
  rows[at + Field.lastSequence] = sequence
}
