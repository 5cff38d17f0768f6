import { dateIn, offsetMs, partsOf } from '../../../market/zoned-time.ts'
import { dateOfDay, dayOfDate, type Session } from '../../calendar.ts'
import { mix } from '../../noise.ts'
import type { TradedBar } from '../../quotes.ts'
import type { Instrument } from '../../universe/instrument.ts'
import { VENUES } from '../../venues.ts'
import { fractionOf, json, type MarketView, type VendorAnswer, type VendorRequest } from '../vendor.ts'
import { hasExtendedHours, QUOTE_TYPES, yahooCurrency, zoneAbbreviation } from './quote-row.ts'
import { float32, yahooSymbol } from './symbols.ts'

const DAY_MS = 86_400_000
/** One minute bar in so many has null in every member, as where nothing was traded. */
const NULL_ROW_EVERY = 180
const VALID_RANGES = ['1d', '5d', '1mo', '3mo', '6mo', '1y', '2y', '5y', '10y', 'ytd', 'max'] as const

const INTRADAY_MINUTES: Record<string, number> = {
  '1m': 1,
  '2m': 2,
  '5m': 5,
  '15m': 15,
  '30m': 30,
  '60m': 60,
  '90m': 90,
  '1h': 60
}
/** How many days back Yahoo keeps intraday bars of a length. */
const KEPT_DAYS: Record<string, number> = { '1m': 30, '60m': 730, '1h': 730 }
const KEPT_DAYS_OTHERWISE = 60
const LONGER: Record<string, 'day' | 'week' | 'month'> = { '1d': 'day', '1wk': 'week', '1mo': 'month' }

/** A row of the chart; null in every member where a vendor has no trade. */
type Row = { time: number; bar: TradedBar | undefined; adjusted: number }

export function chart(request: VendorRequest, market: MarketView, instrument: Instrument): VendorAnswer {
  const { query, at } = request
  const interval = query.get('interval') ?? '1d'
  const minutes = INTRADAY_MINUTES[interval]
  if (minutes === undefined && !LONGER[interval]) {
    return chartError(422, 'Bad Request', `Invalid input - interval=${interval} is not supported`)
  }
  const span = spanOf(query, market, instrument, at)
  if (!span) return chartError(422, 'Bad Request', 'Invalid input - start date cannot be after end date')
  if (minutes !== undefined) {
    const kept = KEPT_DAYS[interval] ?? KEPT_DAYS_OTHERWISE
    if (span.from < at - kept * DAY_MS) {
      const text = `${interval} data not available. The requested range must be within the last ${kept} days.`
      return chartError(422, 'Unprocessable Entity', text)
    }
  }
  const rows =
    minutes === undefined
      ? longRows(market, instrument, span, LONGER[interval]!, at)
      : intradayRows(request, market, instrument, span, minutes)
  const events = eventsOf(query.get('events') ?? '', market, instrument, span, at)
  return json({
    chart: {
      result: [
        {
          meta: metaOf(market, instrument, span, interval, query.get('range') ?? '', at),
          ...(rows.length > 0 && { timestamp: rows.map(({ time }) => time) }),
          ...(events && { events }),
          indicators: indicatorsOf(rows, minutes === undefined)
        }
      ],
      error: null
    }
  })
}

export function chartError(status: number, code: string, description: string): VendorAnswer {
  return json({ chart: { result: null, error: { code, description } } }, status)
}

type TimeSpan = { from: number; to: number }

function spanOf(query: URLSearchParams, market: MarketView, instrument: Instrument, at: number): TimeSpan | undefined {
  const [first, last] = [query.get('period1'), query.get('period2')]
  if (first !== null) {
    const from = Number(first) * 1000
    const to = last === null ? at + 1 : Number(last) * 1000
    return Number.isFinite(from) && Number.isFinite(to) && from <= to ? { from, to } : undefined
  }
  const range = query.get('range') ?? '1d'
  const calendar = market.calendar(instrument)
  const today = calendar.sessionAt(at)
  const to = at + 1
  if (range === 'max') return { from: calendar.session(0).open, to }
  if (range === 'ytd') return { from: calendar.sessionOnOrAfter(`${today.date.slice(0, 4)}-01-01`).open, to }
  const [, count = '', unit = ''] = /^(\d+)(d|mo|y)$/.exec(range) ?? []
  if (unit === '') return undefined
  if (unit === 'd') return { from: calendar.session(Math.max(0, today.index + 1 - Number(count))).preOpen, to }
  const { year, month, day } = partsOf(calendar.timeZone, at)
  const start = Date.UTC(year, month - 1 - Number(count) * (unit === 'mo' ? 1 : 12), day)
  return { from: calendar.sessionOnOrAfter(dateOfDay(start / DAY_MS)).open, to }
}

function intradayRows(
  request: VendorRequest,
  market: MarketView,
  instrument: Instrument,
  span: TimeSpan,
  minutes: number
): Row[] {
  const extendedHours = request.query.get('includePrePost') === 'true' && hasExtendedHours(instrument)
  const bars = market.intradayBars(instrument, { stepMinutes: minutes, ...span, extendedHours }, request.at)
  const key = market.keyOf(instrument)
  return bars.map((bar, index) => {
    const time = bar.start / 1000
    const silent = minutes === 1 && index < bars.length - 1 && mix(key, time) % NULL_ROW_EVERY === 0
    return { time, bar: silent ? undefined : bar, adjusted: bar.close / bar.splitFactor }
  })
}

function longRows(
  market: MarketView,
  instrument: Instrument,
  span: TimeSpan,
  unit: 'day' | 'week' | 'month',
  at: number
): Row[] {
  const calendar = market.calendar(instrument)
  const { timeZone } = calendar
  const [first, last] = [dateIn(timeZone, span.from), dateIn(timeZone, Math.min(span.to, at + 1) - 1)]
  const bars = market
    .dailyBars(instrument, beginningOf(unit, first), last, at)
    .filter(({ session }) => unit !== 'day' || (session.open >= span.from && session.open < span.to))
  const rows = grouped(
    bars,
    unit,
    adjustments(market, instrument, bars, at),
    (date) => calendar.instantOn(date, 0) / 1000,
    at
  )
  if (unit !== 'day' || bars.length === 0) return rows
  // Yahoo keeps a row for a holiday, with null in every member.
  const holidays = calendar.holidaysBetween(bars[0]!.session.date, bars.at(-1)!.session.date)
  const opens = (date: string) => calendar.instantOn(date, calendar.opensAtMinute) / 1000
  return [...rows, ...holidays.map((date) => ({ time: opens(date), bar: undefined, adjusted: 0 }))].sort(
    (a, b) => a.time - b.time
  )
}

function beginningOf(unit: 'day' | 'week' | 'month', date: string): string {
  if (unit === 'month') return `${date.slice(0, 7)}-01`
  const day = dayOfDate(date)
  // 1970-01-01 was a Thursday: weeks begin on Monday.
  return unit === 'week' ? dateOfDay(day - ((day + 3) % 7)) : date
}

function grouped(
  bars: readonly TradedBar[],
  unit: 'day' | 'week' | 'month',
  dividendFactors: readonly number[],
  midnight: (date: string) => number,
  at: number
): Row[] {
  const rows: Row[] = []
  let current: string | undefined
  for (const [index, bar] of bars.entries()) {
    const adjusted = (bar.close / bar.splitFactor) * dividendFactors[index]!
    const beginning = beginningOf(unit, bar.session.date)
    const running = at < bar.session.close
    const last = rows.at(-1)
    if (beginning === current && last?.bar) rows[rows.length - 1] = { ...last, bar: merged(last.bar, bar), adjusted }
    else rows.push({ time: unit === 'day' ? timeOf(bar.session, running, at) : midnight(beginning), bar, adjusted })
    current = beginning
  }
  return rows
}

/** The bar of a running session carries the time of its newest trade, a finished one that of its opening. */
function timeOf(session: Session, running: boolean, at: number): number {
  return Math.floor((running ? at : session.open) / 1000)
}

function merged(first: TradedBar, next: TradedBar): TradedBar {
  const scale = first.splitFactor / next.splitFactor
  return {
    ...first,
    high: Math.max(first.high, next.high * scale),
    low: Math.min(first.low, next.low * scale),
    close: next.close * scale,
    volume: first.volume + next.volume / scale
  }
}

/** For each bar, what its close is multiplied by for the dividends that went ex after it. */
function adjustments(market: MarketView, instrument: Instrument, bars: readonly TradedBar[], at: number): number[] {
  const dividends = market.dividends(instrument, at)
  const factors: number[] = []
  let factor = 1
  let next = dividends.length - 1
  for (let index = bars.length - 1; index >= 0; index--) {
    const { session, close, splitFactor } = bars[index]!
    for (; next >= 0 && dividends[next]!.exDate > session.date; next--) {
      factor *= 1 - dividends[next]!.amount / (close / splitFactor)
    }
    factors[index] = factor
  }
  return factors
}

function indicatorsOf(rows: readonly Row[], withAdjusted: boolean) {
  if (rows.length === 0) return { quote: [{}], ...(withAdjusted && { adjclose: [{}] }) }
  const column = (value: (bar: TradedBar) => number) => rows.map(({ bar }) => (bar ? value(bar) : null))
  const prices = (member: 'open' | 'high' | 'low' | 'close') =>
    column((bar) => Math.fround(bar[member] / bar.splitFactor))
  return {
    quote: [
      {
        open: prices('open'),
        high: prices('high'),
        low: prices('low'),
        close: prices('close'),
        volume: column(({ volume, splitFactor }) => Math.round(volume * splitFactor))
      }
    ],
    ...(withAdjusted && { adjclose: [{ adjclose: rows.map(({ bar, adjusted }) => (bar ? adjusted : null)) }] })
  }
}

function eventsOf(asked: string, market: MarketView, instrument: Instrument, span: TimeSpan, at: number) {
  const calendar = market.calendar(instrument)
  const opened = (date: string) => calendar.sessionOnOrAfter(date).open
  const within = ({ exDate }: { exDate: string }) => opened(exDate) >= span.from && opened(exDate) < span.to
  const dividends = asked.includes('div') ? market.dividends(instrument, at).filter(within) : []
  const splits = asked.includes('split') ? market.splits(instrument, at).filter(within) : []
  if (dividends.length === 0 && splits.length === 0) return undefined
  const keyed = <T extends object>(rows: readonly { exDate: string }[], value: (index: number, date: number) => T) =>
    Object.fromEntries(
      rows.map(({ exDate }, index) => {
        const date = opened(exDate) / 1000
        return [date, value(index, date)]
      })
    )
  return {
    ...(dividends.length > 0 && {
      dividends: keyed(dividends, (index, date) => ({ amount: float32(dividends[index]!.amount), date }))
    }),
    ...(splits.length > 0 && {
      splits: keyed(splits, (index, date) => {
        const { numerator, denominator } = fractionOf(splits[index]!.ratio)
        return { date, numerator, denominator, splitRatio: `${numerator}:${denominator}` }
      })
    })
  }
}

function metaOf(
  market: MarketView,
  instrument: Instrument,
  span: TimeSpan,
  interval: string,
  range: string,
  at: number
) {
  const quote = market.quote(instrument, at)
  const calendar = market.calendar(instrument)
  const { timeZone } = calendar
  const before = market
    .dailyBars(instrument, dateIn(timeZone, span.from - 10 * DAY_MS), dateIn(timeZone, span.from - 1), at)
    .at(-1)
  const current = at >= quote.session.postClose ? calendar.session(quote.session.index + 1) : quote.session
  const { preOpen, open, close, postClose } = current
  const period = (start: number, end: number) => ({
    timezone: zoneAbbreviation(timeZone, at),
    start: start / 1000,
    end: end / 1000,
    gmtoffset: offsetMs(timeZone, at) / 1000
  })
  const intraday = INTRADAY_MINUTES[interval] !== undefined
  return {
    currency: yahooCurrency(instrument),
    symbol: yahooSymbol(instrument.symbol),
    exchangeName: VENUES[instrument.venue].yahoo.exchange,
    fullExchangeName: VENUES[instrument.venue].yahoo.fullName,
    instrumentType: QUOTE_TYPES[instrument.kind].quoteType,
    firstTradeDate: calendar.session(0).open / 1000,
    regularMarketTime: quote.asOf / 1000,
    hasPrePostMarketData: hasExtendedHours(instrument),
    gmtoffset: offsetMs(timeZone, at) / 1000,
    timezone: zoneAbbreviation(timeZone, at),
    exchangeTimezoneName: timeZone,
    regularMarketPrice: float32(quote.price),
    fiftyTwoWeekHigh: float32(quote.year.high),
    fiftyTwoWeekLow: float32(quote.year.low),
    regularMarketDayHigh: float32(quote.dayHigh),
    regularMarketDayLow: float32(quote.dayLow),
    regularMarketVolume: quote.volume,
    longName: instrument.name,
    shortName: instrument.name,
    ...(before && { chartPreviousClose: float32(before.close / before.splitFactor) }),
    ...(intraday && { previousClose: float32(quote.previousClose), scale: 3 }),
    priceHint: instrument.decimals > 2 ? 4 : 2,
    currentTradingPeriod: { pre: period(preOpen, open), regular: period(open, close), post: period(close, postClose) },
    ...(intraday && {
      tradingPeriods: calendar
        .sessionsBetween(span.from, Math.min(span.to, at + 1))
        .map((each) => [period(each.open, each.close)])
    }),
    dataGranularity: interval,
    range,
    validRanges: VALID_RANGES
  }
}
