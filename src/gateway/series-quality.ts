import { mayFallBelowZero } from '../market/instrument-kind.ts'
import type { Bar, Interval } from '../market/bar.ts'
import type { Split } from '../market/corporate-action.ts'
import { isRoundedRate } from '../market/rounded-rate.ts'
import { factorSize, placeOfSplit, splitPowerIn } from '../market/split-power.ts'
import type { VendorSeries } from '../providers/provider.ts'
import { nearFactor, type Doubt } from './quality.ts'

/** After so many bars others may have their turn. */
const BARS_AT_ONCE = 200
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
/** What the bars of a series say against each other: jumps, and splits that they do not follow. */
export function* contradictionsIn(series: VendorSeries, bars: readonly Bar[]): Generator<void, Doubt[]> {
  const splits: PlacedSplit[] = []
  const unfollowed: PlacedSplit[] = []
  for (const told of series.splits ?? []) {
    const split = { ...told, place: placeOfSplit(bars, series, told) }
    yield
    const power = splitPowerIn(bars, series, split)
    splits.push(split)
    if (power !== undefined && power !== (series.adjusted === 'none' ? 1 : 0)) unfollowed.push(split)
    yield
  }
  const spreads = (yield* jumpIn(series, bars, splits)) ?? spreadIn(series, bars) ?? []
  yield
  return [
    ...unfollowed.map(({ exDate, ratio }) =>
      doubtOf(
        'split-not-followed',
        `prices around ${exDate} do not follow the split of ${ratio} for 1 that took effect then`
      )
    ),
    ...spreads,
    ...roundingIn(series, bars)
  ]
}

/** `place`: the index of the first bar in new shares. */
type PlacedSplit = Split & { readonly place: number }

function* jumpIn(
  series: VendorSeries,
  bars: readonly Bar[],
  splits: readonly PlacedSplit[]
): Generator<void, Doubt[] | undefined> {
  const { adjusted, interval } = series
  const least = leastPriceOf(series)
  // As traded, prices jump by splits, which not every vendor lists beside them.
  const most = adjusted === 'none' && !series.splits ? Infinity : IMPLAUSIBLE_FACTOR[interval]
  for (let index = 1; index < bars.length; index++) {
    if (index % BARS_AT_ONCE === 0) yield
    const { start, close } = bars[index]!
    const shares = adjusted === 'none' ? sharesAt(index, splits) : 1
    const before = bars[index - 1]!.close / shares
    if (!(before > 0 && close > 0) || Math.max(before, close) < least) continue
    const unit = nearFactor(close, before, UNIT_FACTORS, UNIT_TOLERANCE)
    if (unit) return [doubtOf('unit-jump', `close of ${start} is about ${unit} times the one before: another unit`)]
    const after = bars[index + 1]?.close
    const isLone = after !== undefined && factorSize(after / before) <= NEIGHBOURS_AGREE
    if (factorSize(close / before) >= (isLone ? LONE_SPIKE_FACTOR : most)) {
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

function roundingIn(series: VendorSeries, bars: readonly Bar[]): Doubt[] {
  const rounded = bars.filter(({ close }) => isRoundedRate(close, series)).length
  if (rounded * 2 <= bars.length) return []
  return [doubtOf('rounded-rate', `${rounded} closes have one digit: they may be off by half of themselves`)]
}

function leastPriceOf(series: VendorSeries): number {
  return mayFallBelowZero(series.symbol, series.kind) ? LEAST_YIELD : LEAST_PRICE
}

function doubtOf(rule: string, reason: string): Doubt {
  return { rule, severity: 'soft', reason }
}
