import { lastDateOf } from './bar-period.ts'
import { isIntraday, type Bar, type Interval } from './bar.ts'
import type { Split } from './corporate-action.ts'
import { dateIn } from './zoned-time.ts'

/** A smaller split cannot be told from what a market does in a day; many are spin-offs. */
const SMALLEST_SPLIT = 1.25
/** From here on a split cannot be mistaken for a market's move on the days around it; vendors miss its date by a day. */
const CLEAR_SPLIT = 1.9
const BARS_AROUND_SPLIT = 2
/** How far a jump may lie from a power of the split's ratio, as a share of it: markets move on that day too. */
const TOLERANCE = 0.35

export type PricedBar = Pick<Bar, 'start' | 'open' | 'close'>
type Grid = { readonly interval: Interval; readonly timeZone?: string | undefined }

/** The index of the first bar in new shares, negative where there is none: of a week or a month the close counts. */
export function placeOfSplit(
  bars: readonly PricedBar[],
  { interval, timeZone = 'UTC' }: Grid,
  { exDate }: Split
): number {
  return isIntraday(interval)
    ? bars.findIndex(({ start }) => dateIn(timeZone, Date.parse(start)) >= exDate)
    : bars.findIndex(({ start }) => lastDateOf(interval, start) >= exDate)
}

/**
 * By which power of its ratio prices jump where a split took effect: 0 in a series that is adjusted for it, 1 as traded,
 * -1 where it was divided twice. Undefined where that cannot be told: outside of the bars, or of a small split.
 */
export function splitPowerIn(bars: readonly PricedBar[], grid: Grid, split: Split): number | undefined {
  const size = factorSize(split.ratio)
  const place = placeOfSplit(bars, grid, split)
  if (size < SMALLEST_SPLIT || place < 1) return undefined
  const around = size >= CLEAR_SPLIT ? BARS_AROUND_SPLIT : 0
  const opensInNewShares = isIntraday(grid.interval) || grid.interval === '1d'
  let furthest = 0
  for (let index = Math.max(1, place - around); index <= Math.min(place + around, bars.length - 1); index++) {
    const before = bars[index - 1]!.close
    const after = opensInNewShares ? bars[index]!.open : bars[index]!.close
    const power = before > 0 && after > 0 ? Math.log(before / after) / Math.log(split.ratio) : 0
    if (Math.abs(power) > Math.abs(furthest)) furthest = power
  }
  const whole = Math.round(furthest)
  return Math.abs(furthest - whole) > TOLERANCE ? undefined : whole
}

/** How far a factor is from 1, in either direction: a quarter is as far as 4. */
export function factorSize(factor: number): number {
  return Math.max(factor, 1 / factor)
}
