import { mapping } from '../../slices.ts'
import type { Bar } from '../../market/bar.ts'
import { withPrices } from '../parse.ts'
import { isSplitRatio } from '../rows.ts'
import type { Split } from '../../market/corporate-action.ts'
import { unfollowedPayouts } from '../total-return.ts'

/** A bar as traded, with what the wire says beside it. */
export type DatedRow = {
  /** The date of the vendor's label: the session, or the last session of a week or month. */
  readonly day: string
  readonly bar: Bar
  readonly adjustedClose: number | undefined
  /** New shares for one old share, on the day they begin to trade. */
  readonly splitCoefficient: number | undefined
  /** Paid out per share of that day, in the unit of the prices; undefined where the series does not tell it. */
  readonly payout: number | undefined
}

/**
 * Divides prices by the splits that came after each bar, and multiplies its volume by them.
 * Undefined where a split falls inside a bar: its open and its close are then of different shares.
 */
export function* adjustedForSplits(
  rows: readonly DatedRow[],
  splits: readonly Split[]
): Generator<void, Bar[] | undefined> {
  const straddled = rows.some(({ day, bar }) =>
    splits.some(({ exDate }) => exDate > bar.start.slice(0, 10) && exDate <= day)
  )
  if (straddled) return undefined
  yield
  return yield* mapping(rows, ({ day, bar }) => {
    const later = splits.filter(({ exDate }) => exDate > day)
    const ratio = later.reduce((product, split) => product * split.ratio, 1)
    return scaled(bar, (price) => price / ratio, ratio)
  })
}

/** Adjusted closes are rounded; of a price of a few cents that is a large part. */
const FACTOR_TOLERANCE = 0.1

/**
 * Scales `chosen` rows by the vendor's own adjusted close, volumes by the splits after each of them in `rows` (oldest
 * first). A row that is missing may have held a split: without `areAll` rows there are no volumes. Left out are rows
 * without an adjusted close, and with one that is above the close by more than the reverse splits since account for.
 */
export function* adjustedForAll(
  rows: readonly DatedRow[],
  chosen: readonly DatedRow[],
  areAll: boolean
): Generator<void, Bar[]> {
  const laterSplits = new Map<DatedRow, number>()
  const largestFactors = new Map<DatedRow, number>()
  let ratio = areAll ? 1 : NaN
  let largest = 1 + FACTOR_TOLERANCE
  for (const row of rows.toReversed()) {
    laterSplits.set(row, ratio)
    largestFactors.set(row, largest)
    ratio *= row.splitCoefficient ?? NaN
    largest /= Math.min(1, row.splitCoefficient ?? 1)
  }
  yield
  const bars = yield* mapping(chosen, (row) => {
    if (row.adjustedClose === undefined) return undefined
    const factor = row.adjustedClose / row.bar.close
    if (factor > largestFactors.get(row)!) return undefined
    return scaled(row.bar, (price) => price * factor, laterSplits.get(row) ?? NaN)
  })
  return bars.filter((bar) => bar !== undefined)
}

/**
 * Why `bars`, adjusted by the closes of rows (oldest first), are no total return by what the rows themselves tell; empty
 * where they are.
 */
export function payoutDoubtsIn(rows: readonly DatedRow[], bars: readonly Bar[]): string[] {
  if (rows.some(({ payout }) => payout === undefined)) return []
  const made = new Set(bars.map(({ start }) => start))
  return unfollowedPayouts(
    rows.map(({ day, bar, adjustedClose, splitCoefficient }) => ({
      date: day,
      close: bar.close,
      adjustedClose: made.has(bar.start) ? adjustedClose : undefined,
      split: splitCoefficient
    })),
    rows.flatMap(({ day, payout }) => (payout ? [{ exDate: day, amount: payout }] : []))
  )
}

/** The splits that rows tell. */
export function splitsIn(rows: readonly DatedRow[]): Split[] {
  return rows.flatMap(({ day, splitCoefficient }) =>
    isSplitRatio(splitCoefficient) ? [{ exDate: day, ratio: splitCoefficient }] : []
  )
}

/** Without its volume where the factor of that is not a number. */
function scaled({ volume, ...bar }: Bar, priceOf: (price: number) => number, volumeFactor: number): Bar {
  const isCounted = volume !== undefined && !Number.isNaN(volumeFactor)
  return { ...withPrices(bar, priceOf), ...(isCounted && { volume: Math.round(volume * volumeFactor) }) }
}
