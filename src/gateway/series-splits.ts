import type { Bar } from '../market/bar.ts'
import type { Split } from '../market/corporate-action.ts'
import { kindOfSymbol } from '../market/instrument-kind.ts'
import { factorSize, placeOfSplit } from '../market/split-power.ts'
import { DAY_MS } from '../market/time.ts'
import type { VendorSeries } from '../providers/provider.ts'
import { nearFactor, type Doubt } from './quality.ts'

const RATIOS = [2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50]
/** From the last close in old shares to the first open in new ones a market moves little; a crash seldom hits a ratio. */
const RATIO_TOLERANCE = 0.03
/** On the days around a crash prices range further, and do not stay where they are. */
const CALM_RANGE = 1.15
const NEIGHBOURS_AGREE = 1.25
/** Multiples of smaller prices are steps of the tick. */
const LEAST_PRICE = 0.2
/** Vendors miss the day of a split by this many bars. */
const BARS_AROUND_SPLIT = 2
/** No smaller move between two bars is held against splits. */
const SMALLEST_JUMP = 1.4
const WITHOUT_SPLITS: ReadonlySet<string | undefined> = new Set(['fx', 'crypto', 'index', 'future', 'option'])
/** What two vendors tell of one split may lie this far apart. */
const SAME_SPLIT_MS = 4 * DAY_MS

/** A jump by a ratio of shares, of prices that are calm before and after it, where the vendor lists no split. */
export function unlistedSplitIn(series: VendorSeries, bars: readonly Bar[]): Doubt[] {
  if (!isSplittable(series) || (series.adjusted === 'none' && !series.splits)) return []
  const at = bars.findIndex((_, index) => index > 0 && isSplitLike(bars, index) && !isListed(series, bars, index))
  if (at === -1) return []
  const reason = `prices jump on ${bars[at]!.start} as by a split, and none is listed`
  return [{ rule: 'split-like-jump', severity: 'soft', reason }]
}

/**
 * Whether splits that another vendor lists may tell something about a series: it jumps where its own vendor lists none,
 * or it is as traded and comes without a list.
 */
export function mayHideSplit(series: VendorSeries): boolean {
  const { adjusted, bars, splits } = series
  if (!isSplittable(series) || bars.length < 2) return false
  if (adjusted === 'none' && !splits) return true
  return bars.some(({ open }, index) => {
    const before = bars[index - 1]?.close
    return before !== undefined && factorSize(before / open) >= SMALLEST_JUMP && !isListed(series, bars, index)
  })
}

/** The series with the splits that others list beside those of its own vendor. */
export function withSplits(series: VendorSeries, known: readonly Split[]): VendorSeries {
  const own = series.splits ?? []
  const isOwn = (split: Split) =>
    own.some(({ exDate }) => Math.abs(Date.parse(exDate) - Date.parse(split.exDate)) <= SAME_SPLIT_MS)
  const others = known.filter((split) => !isOwn(split))
  return others.length === 0 ? series : { ...series, splits: [...own, ...others] }
}

function isSplittable({ symbol, kind = kindOfSymbol(symbol) }: VendorSeries): boolean {
  return !WITHOUT_SPLITS.has(kind)
}

function isListed(series: VendorSeries, bars: readonly Bar[], index: number): boolean {
  return (series.splits ?? []).some((split) => Math.abs(placeOfSplit(bars, series, split) - index) <= BARS_AROUND_SPLIT)
}

function isSplitLike(bars: readonly Bar[], index: number): boolean {
  const [before, bar] = [bars[index - 1]!, bars[index]!]
  if (!(Math.min(before.close, bar.open) >= LEAST_PRICE)) return false
  if (!nearFactor(bar.open, before.close, RATIOS, RATIO_TOLERANCE)) return false
  const isCalm = [before, bar].every(({ high, low }) => high <= low * CALM_RANGE)
  const [earlier, later] = [bars[index - 2]?.close ?? before.close, bars[index + 1]?.close ?? bar.close]
  return (
    isCalm &&
    factorSize(earlier / before.close) <= NEIGHBOURS_AGREE &&
    factorSize(later / bar.close) <= NEIGHBOURS_AGREE
  )
}
