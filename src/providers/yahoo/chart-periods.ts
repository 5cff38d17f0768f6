import { startOfPeriod } from '../../market/bar-period.ts'
import { INTRADAY_LENGTH_MS, isIntraday, type Interval } from '../../market/bar.ts'
import { DAY_MS, MINUTE_MS, isoOf } from '../../market/time.ts'
import { dateIn } from '../../market/zoned-time.ts'
import { mapping } from '../../slices.ts'
import { ProviderError } from '../provider.ts'
import { sessionDate } from './chart-time.ts'
import { agreedRows, type Chart, type ChartRow } from './chart.ts'

const HALF_DAY_MS = DAY_MS / 2
/** Every session opens at a multiple of it. */
const OPENING_GRID_MS = 5 * MINUTE_MS
/** Closing auctions print within this time after continuous trading. */
const AUCTION_MS = 30 * MINUTE_MS
/** After so many rows others may have their turn. */
const ROWS_AT_ONCE = 200

export type Period = { readonly start: string; row: ChartRow }
export type Periods = {
  readonly periods: Period[]
  /** How many rows lie outside of every session. */
  readonly outside: number
  /** Dates that rows of days tell twice and not alike, and those of them that have no price then. */
  readonly contradicted: string[]
  readonly withoutPrices: string[]
}

/**
 * One row per period, oldest first. While a session runs Yahoo adds it as a row of its own, stamped with the last trade:
 * to days it repeats today's row; to weeks, months and bars within the day it holds what the period's row does not have
 * yet. A closing auction may stand as such a row behind the session that it ends.
 */
export function* periodsOf(chart: Chart, interval: Interval): Generator<void, Periods> {
  const rows = chart.rows.toSorted((a, b) => a.instant - b.instant)
  yield
  return isIntraday(interval)
    ? yield* periodsWithinDay(chart, rows, INTRADAY_LENGTH_MS[interval])
    : yield* longPeriods(chart, rows, interval)
}

function* longPeriods(chart: Chart, rows: readonly ChartRow[], interval: Interval): Generator<void, Periods> {
  const dates = yield* mapping(rows, ({ instant }) => dateOf(instant, chart))
  if (interval === '1d') {
    rejectShorter(dates)
    return days(chart, rows, dates)
  }
  if (interval === '1wk') rejectOtherWeeks(dates.filter((_, index) => rows[index]!.instant !== chart.newestTrade))
  const periods: Period[] = []
  for (const [index, row] of rows.entries()) {
    if (index % ROWS_AT_ONCE === 0) yield
    const start = startOfPeriod(interval, dates[index]!)
    const previous = periods.at(-1)
    if (previous?.start !== start) periods.push({ start, row })
    else previous.row = extended(previous.row, row)
  }
  return { periods, outside: 0, contradicted: [], withoutPrices: [] }
}

/** Of the newest day the last row is the newest; of any other all rows have to say the same. */
function days(chart: Chart, rows: readonly ChartRow[], dates: readonly string[]): Periods {
  const [newest, newestTrade] = [dates.at(-1), chart.newestTrade]
  const isTold = newestTrade === undefined || dateIn(chart.timeZone, newestTrade) === newest
  const last = isTold && dates.at(-2) === newest ? rows.at(-1) : undefined
  const settled = last ? rows.slice(0, dates.indexOf(newest!)) : rows
  const dateOfRow = (instant: number) => dateOf(instant, chart)
  const agreed = agreedRows(settled, ({ instant }) => dateOfRow(instant))
  return {
    periods: [...agreed.rows, ...(last ? [last] : [])].map((row) => ({ start: dateOfRow(row.instant), row })),
    outside: 0,
    contradicted: agreed.contradicted.map(dateOfRow),
    withoutPrices: agreed.withoutPrices.map(dateOfRow)
  }
}

/** The date of the session that a row of days stands for. */
export function dateOf(instant: number, { timeZone, newestTrade }: Chart): string {
  return instant === newestTrade ? dateIn(timeZone, instant) : sessionDate(instant, timeZone)
}

/** Beside its day's row a session that runs has one more; where days have many they are of hours. */
function rejectShorter(dates: readonly string[]): void {
  if (dates.length > 2 && new Set(dates).size * 2 <= dates.length) {
    throw new ProviderError('yahoo', 'bad_payload', 'yahoo sent bars that are shorter than days')
  }
}

/** Yahoo counts weeks from the weekday of the first instant asked for. */
function rejectOtherWeeks(dates: readonly string[]): void {
  const weekdays = new Set(dates.map((date) => new Date(date).getUTCDay()))
  if (dates.length > 1 && weekdays.size === 1 && !weekdays.has(1)) {
    throw new ProviderError('yahoo', 'bad_payload', 'yahoo sent weeks that do not begin on Mondays')
  }
}

function* periodsWithinDay(chart: Chart, rows: readonly ChartRow[], lengthMs: number): Generator<void, Periods> {
  const periods: (Period & { readonly instant: number })[] = []
  let outside = 0
  for (const [index, row] of rows.entries()) {
    if (index % ROWS_AT_ONCE === 0) yield
    const previous = periods.at(-1)
    const instant = openingOf(row.instant, previous?.instant, lengthMs, chart)
    if (instant === undefined) outside++
    else if (previous && previous.instant === instant) previous.row = extended(previous.row, row)
    else periods.push({ start: isoOf(instant), row, instant })
  }
  return { periods, outside, contradicted: [], withoutPrices: [] }
}

/** When the bar opens that a row belongs to; `previous` is when the bar before opened. Undefined outside of sessions. */
function openingOf(instant: number, previous: number | undefined, lengthMs: number, chart: Chart): number | undefined {
  if (previous !== undefined && instant < previous + lengthMs) return previous
  const isOnGrid = instant % Math.min(lengthMs, OPENING_GRID_MS) === 0
  const near = chart.sessions.filter(({ start, end }) => instant > start - HALF_DAY_MS && instant < end + HALF_DAY_MS)
  if (near.length > 0 && !near.some(({ start, end }) => instant >= start && instant < end)) {
    const ended = near.find(({ start, end }) => previous !== undefined && previous >= start && previous < end)
    const isAuction = ended && instant - ended.end <= AUCTION_MS && !(isOnGrid && chart.hasExtendedHours)
    return isAuction ? previous : undefined
  }
  if (isOnGrid) return instant
  const origin = previous ?? 0
  return origin + Math.floor((instant - origin) / lengthMs) * lengthMs
}

function extended(period: ChartRow, later: ChartRow): ChartRow {
  return {
    ...later,
    instant: period.instant,
    open: period.open,
    high: Math.max(period.high, later.high),
    low: Math.min(period.low, later.low),
    volume: period.volume === undefined ? later.volume : period.volume + (later.volume ?? 0)
  }
}
