import {
  isIntraday,
  type Adjustment,
  type Bar,
  type BarRequest,
  type BarSeries,
  type Interval
} from '../../market/bar.ts'
import { dateIn } from '../../market/zoned-time.ts'
import { provenanceOf } from '../parse.ts'
import { ProviderError } from '../provider.ts'
import type { ChartEvent } from './chart-events.ts'
import { sessionDate } from './chart-time.ts'
import { fetchChart, type Chart, type ChartRow } from './chart.ts'
import { scaled } from './prices.ts'
import { volumeOf } from './quotes.ts'
import type { YahooSession } from './session.ts'

const DAY_MS = 86_400_000

/**
 * Bars as asked. Yahoo's are adjusted for splits until today: for dividends too they follow the adjusted close, and as
 * traded they are had by undoing every split since, for which the chart is asked up to now.
 */
export async function fetchBars(
  session: YahooSession,
  request: BarRequest,
  signal: AbortSignal,
  now: () => number
): Promise<BarSeries> {
  const intraday = isIntraday(request.interval)
  if (intraday && request.adjusted === 'all') {
    throw new ProviderError('yahoo', 'not_covered', 'yahoo adjusts bars within the day for splits only')
  }
  const asTraded = request.adjusted === 'none'
  const chart = await fetchChart(session, windowOf(request, asTraded ? now() : request.to), signal, now())
  const later =
    asTraded && intraday && request.to < now()
      ? await fetchChart(session, { ...request, interval: '1d', to: now() }, signal, now())
      : chart
  if (asTraded && later.hasUnreadableSplits) {
    throw new ProviderError(
      'yahoo',
      'bad_payload',
      'yahoo sent splits that cannot be read, and prices as traded need them'
    )
  }
  return seriesOf(request, chart, asTraded ? later.splits : [], now())
}

/** Sessions are picked by their dates, whose instants lie up to a day off in either direction, so a day more is asked. */
function windowOf(request: BarRequest, until: number) {
  const { symbol, interval, from, to } = request
  if (isIntraday(interval)) return { symbol, interval, from, to }
  return { symbol, interval, from: from - DAY_MS, to: Math.max(to, until) + DAY_MS }
}

function seriesOf(request: BarRequest, chart: Chart, splitsToUndo: ChartEvent[], receivedAt: number): BarSeries {
  const { interval, adjusted, to } = request
  const from = isIntraday(interval) ? request.from : Math.floor(request.from / DAY_MS) * DAY_MS
  const bars = periodsOf(chart, interval).flatMap(({ start, row }) => {
    const instant = Date.parse(start)
    if (instant < from || instant >= to) return []
    return (
      barOf(start, row, chart, adjusted, sharesSince(splitsToUndo, lastDayOf(start, interval, chart.timeZone))) ?? []
    )
  })
  return {
    symbol: request.symbol,
    interval,
    adjusted,
    ...(chart.prices.currency !== undefined && { currency: chart.prices.currency }),
    timeZone: chart.timeZone,
    bars,
    provenance: provenanceOf('yahoo', {
      feed: 'composite',
      receivedAt,
      state: !chart.prices.isCertain ? 'suspect' : chart.inSession ? 'live' : 'closed',
      notes: notesOf(request, chart, splitsToUndo)
    })
  }
}

type Period = { start: string; row: ChartRow }

/**
 * One row per period, oldest first. While a session runs Yahoo adds it as a row of its own, stamped with the last
 * trade: to days it repeats today's row, to weeks and months it holds what the period's row does not have yet.
 */
function periodsOf(chart: Chart, interval: Interval): Period[] {
  const periods: Period[] = []
  for (const row of [...chart.rows].sort((a, b) => a.instant - b.instant)) {
    const start = startOf(row.instant, interval, chart)
    const previous = periods.at(-1)
    if (!previous || !isSamePeriod(previous.start, start, interval)) periods.push({ start, row })
    else previous.row = interval === '1wk' || interval === '1mo' ? extended(previous.row, row) : row
  }
  return periods
}

function extended(period: ChartRow, session: ChartRow): ChartRow {
  return {
    ...session,
    instant: period.instant,
    open: period.open,
    high: Math.max(period.high, session.high),
    low: Math.min(period.low, session.low),
    volume: period.volume === undefined ? session.volume : period.volume + (session.volume ?? 0)
  }
}

function startOf(instant: number, interval: Interval, { timeZone, newestTrade }: Chart): string {
  if (isIntraday(interval)) return new Date(instant).toISOString()
  return instant === newestTrade ? dateIn(timeZone, instant) : sessionDate(instant, timeZone)
}

function isSamePeriod(start: string, other: string, interval: Interval): boolean {
  if (interval === '1mo') return start.slice(0, 7) === other.slice(0, 7)
  return interval === '1wk' ? sundayOf(start) === sundayOf(other) : start === other
}

/** The last day of a date's week. */
function sundayOf(date: string): string {
  const daysLeft = (7 - new Date(date).getUTCDay()) % 7
  return new Date(Date.parse(date) + daysLeft * DAY_MS).toISOString().slice(0, 10)
}

function lastDayOf(start: string, interval: Interval, timeZone: string): string {
  if (isIntraday(interval)) return dateIn(timeZone, Date.parse(start))
  if (interval === '1wk') return sundayOf(start)
  return interval === '1mo' ? `${start.slice(0, 7)}-31` : start
}

/** How many of today's shares one share of that day has become. */
function sharesSince(splits: ChartEvent[], day: string): number {
  return splits.reduce((shares, { exDate, value }) => (exDate > day ? shares * value : shares), 1)
}

function barOf(start: string, row: ChartRow, chart: Chart, adjusted: Adjustment, shares: number): Bar | undefined {
  if (adjusted === 'all' && row.adjustedClose === undefined) return undefined
  const factor = adjusted === 'all' ? row.adjustedClose! / row.close : shares
  const volume = volumeOf(row.volume, chart.kind)
  return {
    start,
    open: scaled(row.open, factor),
    high: scaled(row.high, factor),
    low: scaled(row.low, factor),
    close: scaled(row.close, factor),
    // Volumes are in today's shares, as prices are.
    ...(volume !== undefined && { volume: shares === 1 ? volume : Math.round(volume / shares) })
  }
}

function notesOf({ interval }: BarRequest, chart: Chart, splitsToUndo: ChartEvent[]): (string | undefined)[] {
  const long = interval === '1wk' || interval === '1mo'
  return [
    chart.prices.note,
    chart.incompleteRows > 0 ? `${chart.incompleteRows} bars without a full set of prices left out` : undefined,
    chart.kind === 'CRYPTOCURRENCY' ? "volume left out: the vendor's is turnover in money, not coins" : undefined,
    long && splitsToUndo.length > 0 ? 'a bar in which a split took effect is in shares of its last day' : undefined
  ]
}
