import { lastDateOf } from '../market/bar-period.ts'
import { isIntraday, type Bar, type Interval } from '../market/bar.ts'
import type { Split } from '../market/corporate-action.ts'
import { dateIn } from '../market/zoned-time.ts'
import type { VendorSeries } from '../providers/provider.ts'
import { mayFallBelowZero, nearFactor, type Doubt } from './quality.ts'

const UNIT_FACTORS = [100, 1000]
const UNIT_TOLERANCE = 0.25
/** From one bar to the next. In the month in which everybody bought one share, its price rose 17 times. */
const IMPLAUSIBLE_FACTOR: Record<Interval, number> = {
  '1m': 10,
  '5m': 10,
  '15m': 10,
  '30m': 10,
  '1h': 10,
  '1d': 10,
  '1wk': 20,
  '1mo': 50
}
/** What no price does from one bar to the next and back again, where the bars beside it agree within a factor. */
const LONE_SPIKE_FACTOR = 4
const NEIGHBOURS_AGREE = 1.5
/** Multiples of prices below these are steps of the smallest tick, or of a yield that is nearly nothing. */
const LEAST_PRICE = 0.01
const LEAST_YIELD = 1
/** A smaller split cannot be told from what a market does in a day; many are spin-offs. */
const SMALLEST_SPLIT = 1.25
/** From here on a split cannot be mistaken for a market's move on the days around it; vendors miss its date by a day. */
const CLEAR_SPLIT = 1.9
const BARS_AROUND_SPLIT = 2
/** How far a jump may lie from a power of the split's ratio, as a share of it: markets move on that day too. */
const SPLIT_TOLERANCE = 0.35

/** What the bars of a series say against each other: jumps, and splits that they do not follow. */
export function contradictionsIn(series: VendorSeries, bars: readonly Bar[]): Doubt[] {
  const splits = (series.splits ?? [])
    .filter(({ ratio }) => sizeOf(ratio) >= SMALLEST_SPLIT)
    .map((split) => ({ ...split, place: placeOf(split, series, bars) }))
    .filter(({ place }) => place > 0)
  const unfollowed = splits.filter((split) => !isFollowed(split, series, bars))
  return [
    ...unfollowed.map(({ exDate, ratio }) =>
      doubtOf(
        'split-not-followed',
        `prices around ${exDate} do not follow the split of ${ratio} for 1 that took effect then`
      )
    ),
    ...(jumpIn(series, bars, splits) ?? spreadIn(series, bars) ?? [])
  ]
}

/** `place`: the index of the first bar in new shares. */
type PlacedSplit = Split & { readonly place: number }

/** A week or a month in which a split took effect closes in new shares. */
function placeOf({ exDate }: Split, { interval, timeZone = 'UTC' }: VendorSeries, bars: readonly Bar[]): number {
  return isIntraday(interval)
    ? bars.findIndex(({ start }) => dateIn(timeZone, Date.parse(start)) >= exDate)
    : bars.findIndex(({ start }) => lastDateOf(interval, start) >= exDate)
}

/**
 * In a series adjusted for splits no price jumps by a split's ratio; as traded, prices jump by it once. Vendors have left
 * old prices undivided, divided them twice, and multiplied what was never divided.
 */
function isFollowed(
  { ratio, place }: PlacedSplit,
  { adjusted, interval }: VendorSeries,
  bars: readonly Bar[]
): boolean {
  const around = sizeOf(ratio) >= CLEAR_SPLIT ? BARS_AROUND_SPLIT : 0
  const jumps: number[] = []
  for (let index = Math.max(1, place - around); index <= Math.min(place + around, bars.length - 1); index++) {
    const before = bars[index - 1]!.close
    const after = isIntraday(interval) || interval === '1d' ? bars[index]!.open : bars[index]!.close
    if (before > 0 && after > 0) jumps.push(Math.log(before / after) / Math.log(ratio))
  }
  const furthest = jumps.reduce((one, other) => (Math.abs(other) > Math.abs(one) ? other : one), 0)
  const power = Math.round(furthest)
  return power === (adjusted === 'none' ? 1 : 0) || Math.abs(furthest - power) > SPLIT_TOLERANCE
}

function jumpIn(series: VendorSeries, bars: readonly Bar[], splits: readonly PlacedSplit[]): Doubt[] | undefined {
  const { adjusted, interval } = series
  const least = leastPriceOf(series)
  // As traded, prices jump by splits, which not every vendor lists beside them.
  const most = adjusted === 'none' && !series.splits ? Infinity : IMPLAUSIBLE_FACTOR[interval]
  for (let index = 1; index < bars.length; index++) {
    const { start, close } = bars[index]!
    const shares = adjusted === 'none' ? sharesAt(index, splits) : 1
    const before = bars[index - 1]!.close / shares
    if (!(before > 0 && close > 0) || Math.max(before, close) < least) continue
    const unit = nearFactor(close, before, UNIT_FACTORS, UNIT_TOLERANCE)
    if (unit) return [doubtOf('unit-jump', `close of ${start} is about ${unit} times the one before: another unit`)]
    const after = bars[index + 1]?.close
    const isLone = after !== undefined && sizeOf(after / before) <= NEIGHBOURS_AGREE
    if (sizeOf(close / before) >= (isLone ? LONE_SPIKE_FACTOR : most)) {
      const times = (close / before).toPrecision(3)
      return [doubtOf('implausible-jump', `close of ${start} is ${Number(times)} times the one before`)]
    }
  }
  return undefined
}

function sharesAt(index: number, splits: readonly PlacedSplit[]): number {
  return splits.reduce((shares, { place, ratio }) => (place === index ? shares * ratio : shares), 1)
}

function spreadIn(series: VendorSeries, bars: readonly Bar[]): Doubt[] | undefined {
  const [factor, least] = [IMPLAUSIBLE_FACTOR[series.interval], leastPriceOf(series)]
  const torn = bars.find(({ open, high, low, close }) => {
    const [lower, upper] = [Math.min(open, close), Math.max(open, close)]
    return lower >= least && (high >= factor * upper || (low > 0 && low * factor <= lower))
  })
  return (
    torn && [
      doubtOf(
        'implausible-range',
        `the range of ${torn.start}, ${torn.low} to ${torn.high}, is far from its open and close`
      )
    ]
  )
}

function leastPriceOf(series: VendorSeries): number {
  return mayFallBelowZero(series) ? LEAST_YIELD : LEAST_PRICE
}

function doubtOf(rule: string, reason: string): Doubt {
  return { rule, severity: 'soft', reason }
}

/** How far a factor is from 1, in either direction: a quarter is as far as 4. */
function sizeOf(factor: number): number {
  return Math.max(factor, 1 / factor)
}
