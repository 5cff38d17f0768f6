import { nextStartOf } from '../market/bar-period.ts'
import {
  INTRADAY_LENGTH_MS,
  isIntraday,
  type Bar,
  type BarRequest,
  type BarSeries,
  type Interval,
  type Period
} from '../market/bar.ts'
import type { IndicatorLine, IndicatorName, IndicatorSeries, IndicatorSet, IndicatorSpec } from '../market/indicator.ts'
import { EARLIEST, LONGEST_DAYS, periodRange } from '../market/period.ts'
import { DAY_MS, HOUR_MS } from '../market/time.ts'
import { PointColumns } from './indicator-points.ts'
import { INDICATORS, resolveParameters, type ParameterName } from './technical-indicators.ts'

/** After so many bars others may have their turn. */
const BARS_AT_ONCE = 50
/** Shortest first. Bars of one period are loaded once for everybody. */
const PERIODS: readonly Period[] = ['5d', '1mo', '3mo', '6mo', '1y', '2y', '5y', '10y', 'max']
/** The least that an exchange trades in a day, so that days of intraday bars are never too few. */
const SESSION_MS = 6 * HOUR_MS
/** Calendar days for each session: weekends, and more holidays than any exchange has. */
const DAYS_PER_SESSION = 1.5
const SPARE_DAYS = 7

type Resolved = { readonly name: IndicatorName; readonly parameters: Record<ParameterName, number> }

/** Throws INVALID_REQUEST naming the parameter that an indicator does not take, or cannot work with. */
export function resolveIndicators(specs: readonly IndicatorSpec[]): Resolved[] {
  return specs.map(({ name, parameters }) => ({ name, parameters: resolveParameters(name, parameters) }))
}

/**
 * The bars to load for indicators over a range: of the range, and so many before it that the values in the range do not
 * depend on where it begins. A period where one holds them all, as far back as bars of the interval are given.
 */
export function barsWithWarmUp(indicators: readonly Resolved[], request: BarRequest, now: number): BarRequest {
  return barsSince(Math.min(...indicators.map((indicator) => warmUpStart(indicator, request))), request, now)
}

/** The bars to load for a range, and so many before it. */
export function barsWithThoseBefore(bars: number, request: BarRequest, now: number): BarRequest {
  return barsSince(startOfBarsBefore(bars, request), request, now)
}

function barsSince(wanted: number, request: BarRequest, now: number): BarRequest {
  const { interval } = request
  const longestMs = (LONGEST_DAYS[interval] ?? Infinity) * DAY_MS
  const periods = PERIODS.map((period) => periodRange(period, now)).filter(({ from, to }) => to - from <= longestMs)
  const reaching = periods.filter(({ from, to }) => from <= request.from && to >= request.to)
  const period = reaching.find(({ from }) => from <= wanted) ?? reaching.at(-1)
  const { period: _, ...explicit } = request
  if (period) return { ...explicit, ...period }
  return { ...explicit, from: Math.max(wanted, request.to - longestMs, EARLIEST) }
}

function warmUpStart({ name, parameters }: Resolved, { interval, from }: BarRequest): number {
  const date = new Date(from)
  switch (INDICATORS[name].countedFrom?.(interval)) {
    case 'history':
      return EARLIEST
    case 'year':
      return Date.UTC(date.getUTCFullYear(), 0, 1)
    case 'month':
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
    case 'session':
      return from - 2 * DAY_MS
    default:
      return startOfBarsBefore(warmUpBars({ name, parameters }), { interval, from })
  }
}

const startOfBarsBefore = (bars: number, { interval, from }: Pick<BarRequest, 'interval' | 'from'>): number =>
  from - daysOf(bars, interval) * DAY_MS

function daysOf(bars: number, interval: Interval): number {
  if (interval === '1mo') return bars * 31 + SPARE_DAYS
  if (interval === '1wk') return bars * 7 + SPARE_DAYS
  const sessions = isIntraday(interval) ? (bars * INTRADAY_LENGTH_MS[interval]) / SESSION_MS : bars
  return Math.ceil(sessions * DAYS_PER_SESSION) + SPARE_DAYS
}

function warmUpBars({ name, parameters }: Resolved): number {
  const { barsNeeded, barsToSettle } = INDICATORS[name]
  return barsNeeded(parameters) - 1 + (barsToSettle?.(parameters) ?? 0)
}

/**
 * Indicators over a series that holds their warm-up too, with points from `from` on and before `to` (epoch milliseconds).
 * Notes say where a range has no points, and where the history begins too late for a value to be settled.
 * Yields wherever others may have their turn: over the longest range it takes seconds.
 */
export function* computeIndicators(
  indicators: readonly Resolved[],
  series: BarSeries,
  range: Pick<BarRequest, 'from' | 'to'>
): Generator<void, IndicatorSet> {
  const { symbol, interval, adjusted, currency, timeZone, provenance } = series
  const { first: firstShown, end } = shownOf(series, range)
  const shown = end - firstShown
  const lines: IndicatorLine[] = []
  for (const indicator of indicators) lines.push(yield* lineOf(indicator, series, firstShown, shown))
  const notes = lines.flatMap((line, index) => noteOn(line, indicators[index]!, firstShown, shown) ?? [])
  return {
    symbol,
    interval,
    adjusted,
    ...(currency !== undefined && { currency }),
    ...(timeZone !== undefined && { timeZone }),
    indicators: lines,
    provenance: notes.length > 0 ? { ...provenance, notes: [...(provenance.notes ?? []), ...notes] } : provenance
  }
}

/** The only indicator of a set, told with its bars. */
export function onlyIndicator({ indicators: [line], ...set }: IndicatorSet): IndicatorSeries {
  return { ...set, ...line! }
}

/** The first bar of a series that lies in a range, and the one behind the last; where none does, both are 0. */
export function shownOf(
  { bars, interval }: Pick<BarSeries, 'bars' | 'interval'>,
  { from, to }: Pick<BarRequest, 'from' | 'to'>
): { first: number; end: number } {
  const first = firstThat(bars, (bar) => endOf(bar, interval) > from)
  const end = firstThat(bars, ({ start }) => Date.parse(start) >= to)
  return end > first ? { first, end } : { first: 0, end: 0 }
}

/** The index of the first bar that fulfils what all later ones do; the number of bars where none does. */
function firstThat(bars: readonly Bar[], isReached: (bar: Bar) => boolean): number {
  let [low, high] = [0, bars.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isReached(bars[middle]!)) high = middle
    else low = middle + 1
  }
  return low
}

function* lineOf(
  indicator: Resolved,
  series: BarSeries,
  firstShown: number,
  shown: number
): Generator<void, IndicatorLine> {
  const { name, parameters } = indicator
  const { start, barsNeeded, conventions, countedFrom } = INDICATORS[name]
  const compute = start(parameters, series)
  const points = new PointColumns(series.bars, shown)
  const end = firstShown + shown
  for (let index = 0; index < end; index++) {
    if (index % BARS_AT_ONCE === 0) yield
    const values = compute(series.bars[index]!)
    if (values && index >= firstShown) points.add(index, values)
  }
  return {
    name,
    parameters,
    conventions: {
      ...conventions,
      ...(countedFrom && { countedFrom: countedFrom(series.interval) }),
      warmUpBars: warmUpBars(indicator)
    },
    barsNeeded: barsNeeded(parameters),
    points
  }
}

function noteOn(
  { name, points, barsNeeded, conventions }: IndicatorLine,
  { parameters }: Resolved,
  firstShown: number,
  shown: number
): string | undefined {
  if (points.length > 0) {
    const isSettled = INDICATORS[name].countedFrom !== undefined || firstShown >= conventions.warmUpBars
    if (isSettled) return undefined
    return `${name}: the first values rest on the ${firstShown} bars before the range, of ${conventions.warmUpBars} wanted`
  }
  const length = Object.values(parameters).join('-')
  const label = length ? `${name} ${length}` : name
  if (firstShown + shown < barsNeeded) {
    return `${label}: the first point needs ${barsNeeded} bars and there are ${firstShown + shown}`
  }
  return name === 'obv' || name === 'vwap'
    ? `${label}: no bar of the range has a volume`
    : `${label}: the price did not move in the range`
}

/** An instant after which nothing of the bar lies; of weeks and months the first that is surely over. */
function endOf({ start }: Bar, interval: Interval): number {
  return isIntraday(interval) ? Date.parse(start) + 1 : Date.parse(nextStartOf(interval, start))
}
