import { DAY_MS } from '../../../market/time.ts'
import { dateIn } from '../../../market/zoned-time.ts'
import { dateOfDay } from '../../calendar.ts'
import { createDividendAdjustment } from '../../dividend-adjustment.ts'
import { moversOf, sectorChange, VENDOR_SECTORS } from '../../market-wide.ts'
import type { SimulatedQuote, TradedBar } from '../../quotes.ts'
import { SECTORS, type Instrument } from '../../universe/instrument.ts'
import { VENUES } from '../../venues.ts'
import {
  countOf,
  dateParameter,
  json,
  round,
  type MarketView,
  type VendorAnswer,
  type VendorRequest
} from '../vendor.ts'
import { wallTime } from '../wall-time.ts'
import { fmpSymbol } from './symbols.ts'

const MAX_DAILY_ROWS = 5000
const MAX_MOVERS = 50
/** What intraday bars reach back to when no dates are asked for. */
const INTRADAY_DEFAULT_DAYS = 7
const MINUTES: Record<string, number> = { '1min': 1, '5min': 5, '15min': 15, '30min': 30, '1hour': 60, '4hour': 240 }

/** FMP's prices carry single-precision noise (340.08001), at five decimals. */
function noisy(price: number): number {
  return round(Math.fround(price), 5)
}

export function quoteRow(market: MarketView, instrument: Instrument, at: number) {
  const quote = market.quote(instrument, at)
  return {
    symbol: fmpSymbol(instrument.symbol),
    name: instrument.name,
    price: market.spoiled(instrument.symbol) ? 'N/A' : quote.price,
    changePercentage: round(quote.changePercent, 5),
    change: noisy(quote.change),
    volume: quote.volume,
    dayLow: quote.dayLow,
    dayHigh: quote.dayHigh,
    yearHigh: quote.year.high,
    yearLow: quote.year.low,
    marketCap: Math.round(quote.marketCap ?? 0),
    priceAvg50: round(quote.year.average50, 4),
    priceAvg200: round(quote.year.average200, 5),
    exchange: VENUES[instrument.venue].fmp.exchange,
    open: quote.open,
    previousClose: noisy(quote.previousClose),
    timestamp: quote.asOf / 1000
  }
}

export function shortRow(market: MarketView, instrument: Instrument, at: number) {
  const { price, change, volume } = market.quote(instrument, at)
  const spoiled = market.spoiled(instrument.symbol)
  return { symbol: fmpSymbol(instrument.symbol), price: spoiled ? 'N/A' : price, change: noisy(change), volume }
}

/** Timestamps of the hours after the session are milliseconds, unlike those of `quote`. */
export function afterMarketTrade(market: MarketView, instrument: Instrument, at: number) {
  const { price, asOf, extended, askSize } = market.quote(instrument, at)
  const newest = extended ?? { price, asOf }
  return {
    symbol: fmpSymbol(instrument.symbol),
    price: noisy(newest.price),
    tradeSize: askSize,
    timestamp: newest.asOf
  }
}

export function dailyHistory(
  { query, at }: VendorRequest,
  market: MarketView,
  instrument: Instrument,
  flavour: string
): VendorAnswer {
  const { timeZone } = market.calendar(instrument)
  const to = dateParameter(query.get('to')) ?? dateIn(timeZone, at)
  const from = dateParameter(query.get('from')) ?? dateOfDay(Math.floor(at / DAY_MS) - 5 * 365)
  const bars = market.dailyBars(instrument, from, to, at).slice(-MAX_DAILY_ROWS)
  const symbol = fmpSymbol(instrument.symbol)
  const rows = flavour === 'dividend-adjusted' ? withDividends(market, instrument, bars, at) : bars
  return json(rows.map((bar) => dailyRow(symbol, bar, flavour)).toReversed())
}

function dailyRow(symbol: string, bar: TradedBar, flavour: string) {
  const { session, volume, splitFactor } = bar
  const { date } = session
  const asTraded = flavour === 'non-split-adjusted'
  const adjusted = (price: number) => (asTraded ? price : round(price / splitFactor, 4))
  const [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map(adjusted) as [
    number,
    number,
    number,
    number
  ]
  const shares = asTraded ? volume : Math.round(volume * splitFactor)
  if (asTraded || flavour === 'dividend-adjusted') {
    return { symbol, date, adjOpen: open, adjHigh: high, adjLow: low, adjClose: close, volume: shares }
  }
  if (flavour === 'light') return { symbol, date, price: close, volume: shares }
  return {
    symbol,
    date,
    open,
    high,
    low,
    close,
    volume: shares,
    // Against the opening of the same day, not against the close before.
    change: round(close - open, 5),
    changePercent: round((close / open - 1) * 100, 5),
    vwap: round((open + high + low + close) / 4, 4)
  }
}

/** The bars with every price multiplied for the dividends that went ex after it. */
function withDividends(
  market: MarketView,
  instrument: Instrument,
  bars: readonly TradedBar[],
  at: number
): TradedBar[] {
  const adjustment = createDividendAdjustment(market, instrument, at)
  return bars.map((bar) => {
    const factor = adjustment(bar.session.date)
    const { open, high, low, close } = bar
    return { ...bar, open: open * factor, high: high * factor, low: low * factor, close: close * factor }
  })
}

/** Undefined for a length of bar that FMP does not have. Times are wall clock of the exchange, newest first. */
export function intradayHistory(
  { query, at }: VendorRequest,
  market: MarketView,
  instrument: Instrument,
  length: string
): VendorAnswer | undefined {
  const stepMinutes = MINUTES[length]
  if (stepMinutes === undefined) return undefined
  const calendar = market.calendar(instrument)
  const to = dateParameter(query.get('to')) ?? dateIn(calendar.timeZone, at)
  const from = dateParameter(query.get('from')) ?? dateIn(calendar.timeZone, at - INTRADAY_DEFAULT_DAYS * DAY_MS)
  const span = { from: calendar.instantOn(from, 0), to: calendar.instantOn(to, 24 * 60) }
  const bars = market.intradayBars(instrument, { stepMinutes, ...span, extendedHours: false }, at)
  return json(
    bars
      .map(({ start, open, high, low, close, volume, splitFactor }) => ({
        date: wallTime(calendar.timeZone, start),
        open: round(open / splitFactor, 4),
        low: round(low / splitFactor, 4),
        high: round(high / splitFactor, 4),
        close: round(close / splitFactor, 4),
        volume: Math.round(volume * splitFactor)
      }))
      .toReversed()
  )
}

export function moverRows(market: MarketView, type: 'gainers' | 'losers' | 'actives', at: number): VendorAnswer {
  const rows: unknown[] = moversOf(market, type, MAX_MOVERS, at).map(moverRow)
  // A fund whose last price was 0 leads the gainers with a percentage beyond all sense.
  if (type === 'gainers') rows.unshift(brokenFund())
  return json(rows)
}

function moverRow({ instrument, price, change, changePercent }: SimulatedQuote) {
  return {
    symbol: fmpSymbol(instrument.symbol),
    price,
    name: instrument.name,
    change: noisy(change),
    changesPercentage: round(changePercent, 5),
    exchange: VENUES[instrument.venue].fmp.exchange
  }
}

function brokenFund() {
  const price = 14.07
  return {
    symbol: 'SBXAX',
    price,
    name: 'Sandbox Example Equity Fund Class A',
    change: price,
    changesPercentage: 1.0774350104112e41,
    exchange: 'NASDAQ'
  }
}

/** Rows per sector and exchange; `date` is required, and a day without trading has none. */
export function sectorSnapshot({ query, at }: VendorRequest, market: MarketView, instrument: Instrument): VendorAnswer {
  const date = dateParameter(query.get('date'))
  if (!date) return json({ 'Error Message': 'Query Error: Invalid or missing query parameter - date' }, 400)
  const session = market.calendar(instrument).sessionOnOrAfter(date)
  if (session.date !== date || session.open > at) return json([])
  const when = Math.min(at, session.close - 1000)
  const exchange = query.get('exchange')?.toUpperCase() ?? 'NASDAQ'
  const venue = exchange === 'NYSE' ? 'nyse' : 'nasdaq'
  return json(
    SECTORS.flatMap((sector) => {
      const averageChange = sectorChange(market, sector, venue, when)
      return averageChange === undefined ? [] : [{ date, sector: VENDOR_SECTORS[sector], exchange, averageChange }]
    }).sort((a, b) => a.sector.localeCompare(b.sector))
  )
}

export function searchLimit(query: URLSearchParams): number {
  return countOf(query.get('limit'), 50, 100)
}
