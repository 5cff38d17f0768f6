import { barsFromDays, lastDateOf, nextStartOf, startOfPeriod } from '../../market/bar-period.ts'
import { isIntraday, type Adjustment, type Bar, type BarRequest, type Interval } from '../../market/bar.ts'
import { exchangeOfSuffix } from '../../market/exchanges.ts'
import type { HoursOf } from '../../market/market-hours.ts'
import { splitPowerIn } from '../../market/split-power.ts'
import { DAY_MS, isoOf } from '../../market/time.ts'
import { dateIn, instantOf } from '../../market/zoned-time.ts'
import { inSlices, mapping } from '../../slices.ts'
import { provenanceOf } from '../parse.ts'
import { ProviderError, type VendorSeries } from '../provider.ts'
import { contradictionNote } from '../rows.ts'
import { unfollowedPayouts, type PaidOut } from '../total-return.ts'
import type { ChartEvent, ChartPayout } from './chart-events.ts'
import { pieceCount, type ChartRange } from './chart-limits.ts'
import { dateOf, periodsOf, type Period } from './chart-periods.ts'
import { fetchChart, type Chart, type ChartRow } from './chart.ts'
import { kindOf } from './kinds.ts'
import { scaled } from './prices.ts'
import { volumeOf } from './quotes.ts'
import type { YahooClient } from './client.ts'

/** Yahoo's other names of our intervals. */
const GRANULARITIES = new Map<string, string>([['60m', '1h']])
/** Kinds that pay nothing out: adjusted for payouts they are as they are, and Yahoo may leave the column out. */
const WITHOUT_PAYOUTS = new Set(['INDEX', 'CURRENCY', 'CRYPTOCURRENCY', 'FUTURE'])

/**
 * Bars as asked. Yahoo's are adjusted for splits until today. For dividends too they follow the adjusted close, weeks and
 * months by their days: Yahoo's own take a payout off the close of the very week that it lies in. As traded they are had
 * by undoing every split since, for which the chart is asked up to now.
 */
export async function fetchBars(
  client: YahooClient,
  request: BarRequest,
  signal: AbortSignal,
  { now, hoursOf }: { now: () => number; hoursOf: HoursOf }
): Promise<VendorSeries> {
  const { interval, adjusted } = request
  const intraday = isIntraday(interval)
  if (intraday && adjusted === 'all') {
    throw new ProviderError('yahoo', 'not_covered', 'yahoo adjusts bars within the day for splits only')
  }
  const asTraded = adjusted === 'none'
  const rowInterval = adjusted === 'all' ? '1d' : interval
  const chart = await fetchChart(
    client,
    {
      symbol: request.symbol,
      interval: rowInterval,
      ...rangeOf(request, rowInterval, asTraded ? now() : request.to, hoursOf)
    },
    signal,
    now()
  )
  rejectOther(rowInterval, chart)
  const later =
    asTraded && intraday && request.to < now()
      ? await fetchChart(client, { ...request, interval: '1d', to: now() }, signal, now())
      : chart
  if (asTraded && later.hasUnreadableSplits) {
    throw new ProviderError(
      'yahoo',
      'bad_payload',
      'yahoo sent splits that cannot be read, and prices as traded need them'
    )
  }
  return inSlices(seriesOf(request, chart, later, now()))
}

/** How many requests `fetchBars` makes. `now` in epoch milliseconds. */
export function barsCost(request: BarRequest, now: number): number {
  const { interval, adjusted, to } = request
  const pieces = isIntraday(interval) ? pieceCount(interval, request, now) : 1
  return pieces + (adjusted === 'none' && isIntraday(interval) && to < now ? 1 : 0)
}

/**
 * Sessions are picked by their dates, whose instants lie up to a day off in either direction, so a day more is asked. Of
 * weeks and months the first and the last are asked for whole, and from the midnight that their exchange begins them at:
 * Yahoo counts weeks from the weekday of the first instant.
 */
function rangeOf(
  { symbol, interval, from, to }: BarRequest,
  rowInterval: Interval,
  until: number,
  hoursOf: HoursOf
): ChartRange {
  if (isIntraday(interval)) return { from, to }
  const first = startOfPeriod(interval, dateIn('UTC', from))
  const end = Date.parse(nextStartOf(interval, startOfPeriod(interval, dateIn('UTC', to - 1)))) + DAY_MS
  const begin = rowInterval === '1d' ? Date.parse(first) - DAY_MS : midnightAt(symbol, first, hoursOf)
  return { from: begin, to: Math.max(end, until + DAY_MS) }
}

/** Where the zone of the exchange is not known, midnight in UTC: most exchanges east of it have that date then. */
function midnightAt(symbol: string, date: string, hoursOf: HoursOf): number {
  const calendar = hoursOf(symbol)?.calendar
  const zone = (calendar ?? exchangeOfSuffix(symbol.slice(symbol.lastIndexOf('.') + 1)))?.timeZone ?? 'UTC'
  const [year, month, day] = date.split('-').map(Number) as [number, number, number]
  return instantOf(zone, year, month, day)
}

function rejectOther(interval: Interval, { granularity }: Chart): void {
  if (granularity === undefined || (GRANULARITIES.get(granularity) ?? granularity) === interval) return
  throw new ProviderError('yahoo', 'bad_payload', `yahoo sent bars of ${granularity.slice(0, 10)} for ${interval}`)
}

/** Of days that longer bars are made of: Mondays without a day between them are weeks. */
function rejectWeeks(days: readonly Period[]): void {
  if (days.length < 2 || !days.every(({ start }) => new Date(start).getUTCDay() === 1)) return
  throw new ProviderError('yahoo', 'bad_payload', 'yahoo sent weeks for days')
}

function* seriesOf(request: BarRequest, chart: Chart, later: Chart, receivedAt: number): Generator<void, VendorSeries> {
  const { symbol, interval, adjusted } = request
  const { undone, undivided } =
    adjusted === 'none'
      ? yield* splitsIn(later, isIntraday(interval) ? '1d' : interval, dateIn(chart.timeZone, receivedAt))
      : NO_SPLITS
  const { periods, outside, ...days } = yield* periodsOf(chart, adjusted === 'all' ? '1d' : interval)
  if (adjusted === 'all' && interval !== '1d') rejectWeeks(periods)
  const adjustable = adjusted === 'all' ? adjustableOf(periods, chart) : periods
  const sharesOn = (start: string) =>
    undone.length === 0 ? 1 : sharesSince(undone, lastDay(start, interval, chart.timeZone))
  const rows = yield* mapping(adjustable, ({ start, row }) => barOf(start, row, chart, adjusted, sharesOn(start)))
  if (adjusted === 'all' && interval !== '1d') rejectUnknownPayouts(chart, rows)
  yield
  const unfollowed = adjusted === 'all' ? unfollowedIn(adjustable, chart) : []
  yield
  const isAsked = rangeCheck(request)
  const withoutPrices = [
    ...days.withoutPrices.map((date) => startOfPeriod(interval, date)),
    ...(yield* mapping(chart.withoutPrices, (instant) => startOf(instant, interval, chart))),
    ...(adjustable === periods ? [] : periods)
      .filter(({ row }) => row.adjustedClose === undefined)
      .map(({ start }) => startOfPeriod(interval, start))
  ]
  yield
  const bars = adjusted === 'all' ? barsFromDays(rows, interval) : rows
  const isBarAsked = yield* mapping(bars, ({ start }) => isAsked(start))
  const payoutDoubts = adjusted === 'all' ? [...chart.doubtedPayouts.map(({ reason }) => reason), ...unfollowed] : []
  const instants = isIntraday(interval) ? isoOf : (instant: number) => dateOf(instant, chart)
  const contradicted = [...chart.contradicted.map(instants), ...days.contradicted].filter(isAsked)
  const isInDoubt = !chart.prices.isCertain || payoutDoubts.length > 0
  return {
    symbol,
    interval,
    adjusted,
    ...(chart.prices.currency !== undefined && { currency: chart.prices.currency }),
    timeZone: chart.timeZone,
    bars: bars.filter((_, index) => isBarAsked[index]),
    provenance: provenanceOf('yahoo', {
      feed: 'composite',
      receivedAt,
      state: isInDoubt ? 'suspect' : chart.inSession ? 'live' : 'closed',
      notes: [...notesOf(request, chart, { undone, undivided, outside, contradicted }), ...payoutDoubts]
    }),
    ...kindIn(chart),
    splits: later.splits.map(({ exDate, value }) => ({ exDate, ratio: value })),
    withoutPrices: withoutPrices.filter(isAsked)
  }
}

function kindIn({ kind: quoteType }: Chart): Pick<VendorSeries, 'kind'> {
  const kind = kindOf(quoteType)
  return kind ? { kind } : {}
}

/** Weeks and months that begin before the range and reach into it are part of it. */
function rangeCheck({ interval, from, to }: BarRequest): (start: string) => boolean {
  const first = isIntraday(interval) ? from : Date.parse(startOfPeriod(interval, dateIn('UTC', from)))
  return (start) => Date.parse(start) >= first && Date.parse(start) < to
}

function startOf(instant: number, interval: Interval, chart: Chart): string {
  return isIntraday(interval) ? isoOf(instant) : startOfPeriod(interval, dateOf(instant, chart))
}

/** Days whose close Yahoo has adjusted. Throws ProviderError('not_covered') where there is none, of a kind that pays out. */
function adjustableOf(periods: Period[], { kind }: Chart): Period[] {
  if (WITHOUT_PAYOUTS.has(kind ?? '')) return periods
  const adjustable = periods.filter(({ row }) => row.adjustedClose !== undefined)
  if (adjustable.length > 0 || periods.length === 0) return adjustable
  throw new ProviderError('yahoo', 'not_covered', 'yahoo sent no closes adjusted for payouts')
}

function unfollowedIn(
  days: readonly Period[],
  { dividends, capitalGains, hasCertainPayouts, prices }: Chart
): string[] {
  if (!hasCertainPayouts) return []
  const paidOut = ({ exDate, value, currency }: ChartPayout, isGain: boolean): PaidOut => ({
    exDate,
    amount: currency === prices.currency ? value : undefined,
    isGain
  })
  // Closes and payouts are in today's shares.
  return unfollowedPayouts(
    days.map(({ start, row }) => ({ date: start, close: row.close, adjustedClose: row.adjustedClose, split: 1 })),
    [...dividends.map((payout) => paidOut(payout, false)), ...capitalGains.map((payout) => paidOut(payout, true))]
  )
}

/** On which day of a week a payout took effect is known by the row of that day. */
function rejectUnknownPayouts({ dividends, capitalGains }: Chart, days: readonly Bar[]): void {
  const [first, known] = [days[0]?.start, new Set(days.map(({ start }) => start))]
  const unknown = [...dividends, ...capitalGains].find(({ exDate }) => first && exDate > first && !known.has(exDate))
  if (!unknown) return
  throw new ProviderError('yahoo', 'not_covered', `yahoo lacks the session of the payout of ${unknown.exDate}`)
}

type SplitsToUndo = { undone: ChartEvent[]; undivided: ChartEvent[] }
const NO_SPLITS: SplitsToUndo = { undone: [], undivided: [] }

/**
 * A split by whose ratio Yahoo's prices jump is one that it has not divided them by: they are as traded already. By one
 * that is announced for after `today` it has divided none yet.
 */
function* splitsIn(chart: Chart, interval: Interval, today: string): Generator<void, SplitsToUndo> {
  const inForce = chart.splits.filter(({ exDate }) => exDate <= today)
  if (inForce.length === 0) return NO_SPLITS
  const bars = yield* mapping(chart.rows, ({ instant, open, close }) => ({
    start: startOf(instant, interval, chart),
    open,
    close
  }))
  bars.sort((one, other) => (one.start < other.start ? -1 : one.start > other.start ? 1 : 0))
  yield
  const { undivided = [], undone = [] } = Object.groupBy(inForce, ({ exDate, value }) =>
    splitPowerIn(bars, { interval }, { exDate, ratio: value }) === 1 ? 'undivided' : 'undone'
  )
  return { undivided, undone }
}

function lastDay(start: string, interval: Interval, timeZone: string): string {
  return isIntraday(interval) ? dateIn(timeZone, Date.parse(start)) : lastDateOf(interval, start)
}

/** How many of today's shares one share of that day has become. */
function sharesSince(splits: ChartEvent[], day: string): number {
  return splits.reduce((shares, { exDate, value }) => (exDate > day ? shares * value : shares), 1)
}

function barOf(start: string, row: ChartRow, chart: Chart, adjusted: Adjustment, shares: number): Bar {
  const factor = adjusted === 'all' ? (row.adjustedClose ?? row.close) / row.close : shares
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

type Findings = SplitsToUndo & { readonly outside: number; readonly contradicted: readonly string[] }

function notesOf({ interval }: BarRequest, chart: Chart, { undone, undivided, outside, contradicted }: Findings) {
  const long = interval === '1wk' || interval === '1mo'
  return [
    chart.prices.note,
    chart.cut,
    chart.incompleteRows > 0 ? `${chart.incompleteRows} bars without a full set of prices left out` : undefined,
    contradictionNote(contradicted),
    outside > 0 ? `${outside} bars outside of the session left out` : undefined,
    chart.kind === 'CRYPTOCURRENCY' ? "volume left out: the vendor's is turnover in money, not coins" : undefined,
    long && undone.length > 0 ? 'a bar in which a split took effect is in shares of its last day' : undefined,
    ...undivided.map(
      ({ exDate, value }) => `the vendor has not divided prices before ${exDate} by the split of ${value} for 1`
    )
  ]
}
