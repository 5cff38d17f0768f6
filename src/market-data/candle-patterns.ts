import type { Bar, BarRequest, BarSeries } from '../market/bar.ts'
import type { CandlePattern, CandlePatternName, CandlePatterns } from '../market/candle-pattern.ts'
import { shapesOf, type Before } from './candle-shapes.ts'
import { shownOf } from './indicator-series.ts'

/** What comes before a pattern is so many bars. */
const BARS_BEFORE = 10
const LONGEST_PATTERN = 3
/** Bars before a range on which what is seen in it rests. */
export const PATTERN_WARM_UP_BARS = BARS_BEFORE + LONGEST_PATTERN - 1
/** By so much, as a share of it, a mean of equal prices may differ from each of them. */
const ROUNDING = 1e-12
/** After so many bars others may have their turn. */
const BARS_AT_ONCE = 50

/**
 * The patterns of a series, of those named, whose last bars lie from `from` on and before `to` (epoch milliseconds); the
 * series holds the bars before them too. Bars of which fewer than ten come before have none. Yields wherever others may
 * have their turn.
 */
export function* findPatterns(
  names: ReadonlySet<CandlePatternName>,
  series: BarSeries,
  range: Pick<BarRequest, 'from' | 'to'>
): Generator<void, CandlePatterns> {
  const { symbol, interval, adjusted, timeZone, provenance, bars } = series
  const { first, end } = shownOf(series, range)
  const patterns: CandlePattern[] = []
  for (let last = first; last < end; last++) {
    if (last % BARS_AT_ONCE === 0) yield
    for (let count = LONGEST_PATTERN; count >= 1; count--) patterns.push(...patternsOf(bars, last, count))
  }
  return {
    symbol,
    interval,
    adjusted,
    ...(timeZone !== undefined && { timeZone }),
    patterns: patterns.filter(({ name }) => names.has(name)),
    provenance:
      bars.length > BARS_BEFORE ? provenance : { ...provenance, notes: [...(provenance.notes ?? []), TOO_FEW] }
  }
}

const TOO_FEW = `a pattern needs ${BARS_BEFORE} bars before it, and there are not so many`

/** Of `count` bars up to the one at `last`. */
function patternsOf(bars: readonly Bar[], last: number, count: number): CandlePattern[] {
  const at = last - count + 1
  if (at < BARS_BEFORE) return []
  const [first, ...others] = bars.slice(at, last + 1)
  if (!first) return []
  const { start: end, complete } = bars[last]!
  return shapesOf([first, ...others], beforeOf(bars.slice(at - BARS_BEFORE, at))).map((seen) => ({
    ...seen,
    start: first.start,
    end,
    ...(complete === false && { complete })
  }))
}

/** A trend is where the last close stands beside the mean of all of them. */
function beforeOf(bars: readonly Bar[]): Before {
  const meanOf = (figure: (bar: Bar) => number) => bars.reduce((sum, bar) => sum + figure(bar), 0) / bars.length
  const meanBody = meanOf(({ open, close }) => Math.abs(close - open))
  const mean = meanOf(({ close }) => close)
  const share = (bars.at(-1)!.close - mean) / Math.abs(mean)
  return { meanBody, trend: share > ROUNDING ? 'up' : share < -ROUNDING ? 'down' : undefined }
}
