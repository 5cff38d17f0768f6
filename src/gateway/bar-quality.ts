import { mayFallBelowZero } from '../market/instrument-kind.ts'
import { isIntraday, type Bar, type BarSeries, type Interval } from '../market/bar.ts'
import type { HoursOf } from '../market/market-hours.ts'
import { MINUTE_MS } from '../market/time.ts'
import { widestHoursOf } from '../market/widest-hours.ts'
import { dateIn } from '../market/zoned-time.ts'
import type { VendorSeries } from '../providers/provider.ts'
import type { Doubt, Judgement } from './quality.ts'
import { gapsIn } from './series-gaps.ts'
import { intervalDoubts } from './series-interval.ts'
import { contradictionsIn } from './series-quality.ts'
import { sessionCheck } from './series-sessions.ts'
import { unlistedSplitIn } from './series-splits.ts'
import { FUTURE_TOLERANCE_MS, whileOpen } from './session-state.ts'

/** After so many bars others may have their turn. */
const BARS_AT_ONCE = 200
/** Vendors round the four prices of a bar, and adjust them, one by one. */
const RANGE_TOLERANCE = 0.005
/** A series that loses more than this share of its bars is no series. */
const MAX_DROPPED_SHARE = 0.5
/** Every session opens at a multiple of five minutes, so that all bars within the day do, but those of a minute. */
const GRID_MS = 5 * 60_000
/** Where the exchange's zone is unknown, a session date may be as far ahead as the first zone on Earth. */
const FIRST_ZONE = 'Pacific/Kiritimati'

type BarContext = {
  readonly previous: Bar | undefined
  readonly hasBegun: (bar: Bar) => boolean
  readonly isOnGrid: (bar: Bar) => boolean
  readonly mayHaveTraded: (bar: Bar) => boolean
  readonly mayFallBelowZero: boolean
}

type BarRule = { readonly name: string; readonly broken: (bar: Bar, context: BarContext) => boolean }

const OFF_GRID: BarRule = { name: 'off the grid of their interval', broken: (bar, { isOnGrid }) => !isOnGrid(bar) }
const WHILE_CLOSED: BarRule = {
  name: 'while the exchange was closed',
  broken: (bar, { mayHaveTraded }) => !mayHaveTraded(bar)
}

/** Why a bar is not kept. Bars are dropped, never repaired: an invented price is worse than a missing one. */
const BAR_RULES: readonly BarRule[] = [
  {
    name: 'prices not positive',
    broken: ({ open, high, low, close }, { mayFallBelowZero: isAnySign }) =>
      ![open, high, low, close].every((price) => Number.isFinite(price) && (price > 0 || (price < 0 && isAnySign)))
  },
  { name: 'low above high', broken: ({ low, high }) => low > high },
  {
    name: 'open or close outside low and high',
    broken: ({ open, high, low, close }) =>
      Math.max(open, close) > high + Math.abs(high) * RANGE_TOLERANCE ||
      Math.min(open, close) < low - Math.abs(low) * RANGE_TOLERANCE
  },
  { name: 'negative volume', broken: ({ volume }) => volume !== undefined && !(volume >= 0) },
  {
    name: 'not after the bar before',
    broken: ({ start }, { previous }) => previous !== undefined && start <= previous.start
  },
  { name: 'yet to come', broken: (bar, { hasBegun }) => !hasBegun(bar) },
  OFF_GRID,
  WHILE_CLOSED
]

/**
 * Holds a series against the rules of bars. Bars that break one are dropped and counted in a note; a series that is mostly
 * such bars, or of another interval, is rejected; jumps between neighbours and splits that it does not follow make it
 * suspect; a gap is noted, and the next vendor is asked. `now` in epoch milliseconds. Yields wherever others may have their turn.
 */
export function* judgeBars(told: VendorSeries, now: number, hoursOf: HoursOf): Generator<void, Judgement<BarSeries>> {
  const hours = hoursOf(told.symbol)
  const widest = widestHoursOf(told.symbol, hoursOf)
  const { kind, range: _range, splits: _, withoutPrices: _without, ...series } = whileOpen(told, widest, now)
  const checks = {
    hasBegun: beginningCheck(series, now),
    isOnGrid: gridCheck(series.interval),
    mayHaveTraded: sessionCheck(told, hours, widest)
  }
  const isAnySign = mayFallBelowZero(series.symbol, kind)
  const kept: Bar[] = []
  const inOrder: Bar[] = []
  const onGrid: Bar[] = []
  const dropped = new Map<string, number>()
  for (const [index, bar] of series.bars.entries()) {
    if (index % BARS_AT_ONCE === 0) yield
    const context = { previous: kept.at(-1), ...checks, mayFallBelowZero: isAnySign }
    const rule = BAR_RULES.find(({ broken }) => broken(bar, context))
    // Where bars stand that break these two is told by the interval that they are of.
    if (!rule || rule === WHILE_CLOSED) onGrid.push(bar)
    if (!rule || rule === WHILE_CLOSED || rule === OFF_GRID) inOrder.push(bar)
    if (rule) dropped.set(rule.name, (dropped.get(rule.name) ?? 0) + 1)
    else kept.push(bar)
  }

  const missing = series.bars.length - kept.length
  const reasons = [...dropped].map(([name, count]) => `${count} ${name}`).join(', ')
  yield
  const ofOtherInterval = yield* intervalDoubts(told, onGrid.length * 2 > inOrder.length ? onGrid : inOrder)
  const doubts: Doubt[] = [
    ...ofOtherInterval,
    ...(ofOtherInterval.length === 0 && missing > series.bars.length * MAX_DROPPED_SHARE
      ? [{ rule: 'mostly-bad-bars', severity: 'hard', reason: `of ${series.bars.length} bars ${reasons}` } as const]
      : []),
    ...(yield* contradictionsIn(told, kept)),
    ...unlistedSplitIn(told, kept),
    ...(yield* gapsIn(told, kept, hours?.calendar, now))
  ]
  if (missing === 0) return { value: series, doubts }

  const notes = [...(series.provenance.notes ?? []), `bars dropped: ${reasons}`]
  return { value: { ...series, bars: kept, provenance: { ...series.provenance, notes } }, doubts }
}

function beginningCheck({ interval, timeZone }: BarSeries, now: number): (bar: Bar) => boolean {
  if (isIntraday(interval)) return ({ start }) => Date.parse(start) <= now + FUTURE_TOLERANCE_MS
  const today = dateIn(timeZone ?? FIRST_ZONE, now + FUTURE_TOLERANCE_MS)
  return ({ start }) => start.slice(0, 10) <= today
}

/** The row of a last trade stands at its second, where a vendor tells it beside the bars. */
function gridCheck(interval: Interval): (bar: Bar) => boolean {
  if (!isIntraday(interval)) return () => true
  const stepMs = interval === '1m' ? MINUTE_MS : GRID_MS
  return ({ start }) => Date.parse(start) % stepMs === 0
}
