import { DAY_MS } from '../../../market/time.ts'
import { dateIn, offsetMs, partsOf } from '../../../market/zoned-time.ts'
import { dateOfDay } from '../../calendar.ts'
import type { TradedBar } from '../../quotes.ts'
import type { Instrument } from '../../universe/instrument.ts'
import { VENUES } from '../../venues.ts'
import { fractionOf, json, type MarketView, type VendorAnswer, type VendorRequest } from '../vendor.ts'
import { intradayRows, longRows, type ChartRow, type ChartUnit, type TimeSpan } from './chart-rows.ts'
import { hasExtendedHours, QUOTE_TYPES, yahooCurrency, zoneAbbreviation } from './quote-row.ts'
import { float32, yahooSymbol } from './symbols.ts'

/** Until the year 9999. */
const MAX_EPOCH_MS = 253_402_300_800_000
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
const LONGER: Record<string, ChartUnit> = { '1d': 'day', '1wk': 'week', '1mo': 'month' }

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

function spanOf(query: URLSearchParams, market: MarketView, instrument: Instrument, at: number): TimeSpan | undefined {
  const [first, last] = [query.get('period1'), query.get('period2')]
  if (first !== null) {
    const from = Number(first) * 1000
    const to = last === null ? at + 1 : Number(last) * 1000
    const sensible = Math.abs(from) < MAX_EPOCH_MS && Math.abs(to) < MAX_EPOCH_MS && from <= to
    return sensible ? { from, to } : undefined
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

function indicatorsOf(rows: readonly ChartRow[], withAdjusted: boolean) {
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
