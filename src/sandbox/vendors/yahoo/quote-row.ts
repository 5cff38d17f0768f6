import { dateIn, offsetMs } from '../../../market/zoned-time.ts'
import { dayOfDate } from '../../calendar.ts'
import type { SimulatedQuote } from '../../quotes.ts'
import { metricsOf } from '../../statements.ts'
import type { Instrument } from '../../universe/instrument.ts'
import { VENUES } from '../../venues.ts'
import type { MarketView } from '../vendor.ts'
import { float32, yahooSymbol } from './symbols.ts'

/** Members that Yahoo sends whatever `fields` asks for. */
const UNASKED = new Set([
  'language',
  'region',
  'quoteType',
  'typeDisp',
  'quoteSourceName',
  'triggerable',
  'customPriceAlertConfidence',
  'regularMarketTime',
  'regularMarketPrice',
  'exchange',
  'marketState',
  'sourceInterval',
  'exchangeDataDelayedBy',
  'tradeable',
  'cryptoTradeable',
  'hasPrePostMarketData',
  'firstTradeDateMilliseconds',
  'fullExchangeName',
  'exchangeTimezoneName',
  'exchangeTimezoneShortName',
  'gmtOffSetMilliseconds',
  'market',
  'esgPopulated',
  'priceHint',
  'symbol'
])

export const QUOTE_TYPES: Record<Instrument['kind'], { quoteType: string; typeDisp: string }> = {
  equity: { quoteType: 'EQUITY', typeDisp: 'Equity' },
  etf: { quoteType: 'ETF', typeDisp: 'ETF' },
  index: { quoteType: 'INDEX', typeDisp: 'Index' },
  crypto: { quoteType: 'CRYPTOCURRENCY', typeDisp: 'Cryptocurrency' },
  fx: { quoteType: 'CURRENCY', typeDisp: 'Currency' }
}

export function yahooCurrency({ currency, unitsPerMajor }: Instrument): string {
  return unitsPerMajor === 100 ? 'GBp' : currency
}

/** One row of v7 quote. `fields` keeps the named members and those that Yahoo always sends. */
export function quoteRow(market: MarketView, instrument: Instrument, at: number, fields?: ReadonlySet<string>) {
  const quote = market.quote(instrument, at)
  const row: Record<string, unknown> = {
    ...identity(market, instrument, quote, at),
    ...session(quote),
    ...extendedHours(quote),
    ...history(quote),
    ...company(market, instrument, quote, at)
  }
  if (market.spoiled(instrument.symbol)) row.regularMarketPrice = 'N/A'
  if (!fields) return row
  return Object.fromEntries(Object.entries(row).filter(([name]) => fields.has(name) || UNASKED.has(name)))
}

function identity(market: MarketView, instrument: Instrument, quote: SimulatedQuote, at: number) {
  const { timeZone } = market.calendar(instrument)
  const { exchange, fullName, market: region } = VENUES[instrument.venue].yahoo
  const common = instrument.kind === 'equity' || instrument.kind === 'etf'
  return {
    language: 'en-US',
    region: 'US',
    ...QUOTE_TYPES[instrument.kind],
    quoteSourceName: quote.phase === 'regular' && common ? 'Nasdaq Real Time Price' : 'Delayed Quote',
    triggerable: true,
    customPriceAlertConfidence: 'HIGH',
    currency: yahooCurrency(instrument),
    corporateActions: [],
    shortName: instrument.name,
    longName: instrument.name,
    exchange,
    fullExchangeName: fullName,
    messageBoardId: `finmb_${instrument.symbol.replaceAll(/[^A-Z0-9]/g, '')}`,
    exchangeTimezoneName: timeZone,
    exchangeTimezoneShortName: zoneAbbreviation(timeZone, at),
    gmtOffSetMilliseconds: offsetMs(timeZone, at),
    market: region,
    esgPopulated: false,
    marketState: marketState(market, quote, at),
    sourceInterval: 15,
    exchangeDataDelayedBy: VENUES[instrument.venue].market === 'india' ? 15 : 0,
    tradeable: false,
    cryptoTradeable: instrument.kind === 'crypto',
    hasPrePostMarketData: hasExtendedHours(instrument),
    firstTradeDateMilliseconds: market.calendar(instrument).session(0).open,
    priceHint: instrument.decimals > 2 ? 4 : 2,
    symbol: yahooSymbol(instrument.symbol)
  }
}

export function hasExtendedHours({ kind, venue }: Instrument): boolean {
  return (kind === 'equity' || kind === 'etf') && VENUES[venue].market === 'us'
}

/** Yahoo tells the small hours before and after a day with extended trading from a day without any. */
export function marketState(market: MarketView, { instrument, phase, session }: SimulatedQuote, at: number): string {
  if (phase === 'regular') return 'REGULAR'
  if (hasExtendedHours(instrument) && phase !== 'closed') return phase === 'pre' ? 'PRE' : 'POST'
  const calendar = market.calendar(instrument)
  const today = dateIn(calendar.timeZone, at)
  if (today === session.date) return 'POSTPOST'
  return today === calendar.session(session.index + 1).date ? 'PREPRE' : 'CLOSED'
}

function session(quote: SimulatedQuote) {
  const { instrument, price, previousClose, dayHigh, dayLow } = quote
  const hasBook = instrument.kind !== 'crypto'
  return {
    regularMarketPrice: float32(price),
    regularMarketTime: quote.asOf / 1000,
    regularMarketChange: difference(price, previousClose),
    regularMarketChangePercent: float32(quote.changePercent),
    regularMarketPreviousClose: float32(previousClose),
    regularMarketOpen: float32(quote.open),
    regularMarketDayHigh: float32(dayHigh),
    regularMarketDayLow: float32(dayLow),
    regularMarketDayRange: rangeText(dayLow, dayHigh),
    regularMarketVolume: quote.volume,
    ...(hasBook && {
      bid: instrument.kind === 'index' ? 0 : float32(quote.bid),
      ask: instrument.kind === 'index' ? 0 : float32(quote.ask),
      // In round lots of a hundred shares.
      bidSize: instrument.kind === 'index' ? 0 : quote.bidSize / 100,
      askSize: instrument.kind === 'index' ? 0 : quote.askSize / 100
    })
  }
}

function extendedHours({ instrument, extended, price, phase }: SimulatedQuote) {
  if (!extended || phase === 'regular' || !hasExtendedHours(instrument)) return {}
  return {
    [`${extended.part}MarketPrice`]: float32(extended.price),
    [`${extended.part}MarketTime`]: extended.asOf / 1000,
    [`${extended.part}MarketChange`]: difference(extended.price, price),
    [`${extended.part}MarketChangePercent`]: float32((extended.price / price - 1) * 100)
  }
}

function history({ price, year }: SimulatedQuote) {
  const against = (name: string, base: number) => ({
    [`${name}Change`]: difference(price, base),
    [`${name}ChangePercent`]: float32(price / base - 1)
  })
  return {
    averageDailyVolume3Month: year.averageVolume63,
    averageDailyVolume10Day: year.averageVolume10,
    ...against('fiftyTwoWeekLow', year.low),
    fiftyTwoWeekRange: rangeText(year.low, year.high),
    ...against('fiftyTwoWeekHigh', year.high),
    fiftyTwoWeekLow: float32(year.low),
    fiftyTwoWeekHigh: float32(year.high),
    fiftyTwoWeekChangePercent: float32((price / year.closeAYearAgo - 1) * 100),
    fiftyDayAverage: float32(year.average50),
    ...against('fiftyDayAverage', year.average50),
    twoHundredDayAverage: float32(year.average200),
    ...against('twoHundredDayAverage', year.average200)
  }
}

function company(market: MarketView, instrument: Instrument, quote: SimulatedQuote, at: number) {
  if (instrument.kind === 'crypto') {
    return {
      circulatingSupply: instrument.shares,
      lastMarket: 'CoinMarketCap',
      volume24Hr: quote.volume,
      volumeAllCurrencies: quote.volume,
      fromCurrency: instrument.symbol.split('-')[0],
      toCurrency: 'USD=X',
      marketCap: wholeFloat32(quote.marketCap ?? 0)
    }
  }
  if (quote.marketCap === undefined) return {}
  const dividends = market.dividends(instrument, at)
  const metrics = metricsOf(market, instrument, at)
  const units = instrument.unitsPerMajor
  return {
    financialCurrency: instrument.currency,
    marketCap: wholeFloat32(quote.marketCap),
    sharesOutstanding: Math.round((quote.marketCap / quote.price) * units),
    ...(dividends.length > 0 && {
      dividendDate: dayOfDate(dividends.at(-1)!.payDate) * 86_400,
      trailingAnnualDividendRate: float32(dividends.slice(-4).reduce((sum, { amount }) => sum + amount, 0) / units)
    }),
    ...(metrics && {
      epsTrailingTwelveMonths: float32(metrics.epsTrailing),
      epsForward: float32(metrics.epsTrailing * (1 + metrics.growth)),
      trailingPE: float32(metrics.peRatio),
      forwardPE: float32(metrics.peRatio / (1 + metrics.growth)),
      bookValue: float32(metrics.bookValuePerShare),
      priceToBook: float32(metrics.priceToBook),
      dividendYield: float32(Math.round(metrics.dividendYield * 10_000) / 100),
      trailingAnnualDividendYield: float32(metrics.dividendYield)
    })
  }
}

function difference(value: number, base: number): number {
  return float32(Math.fround(value) - Math.fround(base))
}

export function wholeFloat32(value: number): number {
  return Math.round(Math.fround(value))
}

function rangeText(low: number, high: number): string {
  const text = (value: number) => (Number.isInteger(value) ? value.toFixed(1) : String(float32(value)))
  return `${text(low)} - ${text(high)}`
}

const abbreviations = new Map<string, Intl.DateTimeFormat>()

/** `EST`, `EDT`, or `GMT+1` where English has no letters for it. */
export function zoneAbbreviation(timeZone: string, at: number): string {
  let format = abbreviations.get(timeZone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'short' })
    abbreviations.set(timeZone, format)
  }
  return format.formatToParts(at).find(({ type }) => type === 'timeZoneName')!.value
}
