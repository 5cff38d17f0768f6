import { dayOfDate } from '../../calendar.ts'
import { integerBetween, keyOf } from '../../noise.ts'
import { VENDOR_SECTORS } from '../../market-wide.ts'
import { employeesOf, metricsOf, type SimulatedMetrics } from '../../statements.ts'
import type { Instrument } from '../../universe/instrument.ts'
import { VENUES } from '../../venues.ts'
import { json, round, type MarketView, type VendorAnswer, type VendorRequest } from '../vendor.ts'
import { marketState, QUOTE_TYPES, quoteRow, wholeFloat32, yahooCurrency, zoneAbbreviation } from './quote-row.ts'
import { float32, yahooSymbol } from './symbols.ts'

type Context = { market: MarketView; instrument: Instrument; at: number; metrics: SimulatedMetrics | undefined }
/** Undefined where Yahoo has no such module for the instrument. */
type Module = (context: Context) => Record<string, unknown> | undefined

const MODULES: Record<string, Module> = {
  assetProfile,
  summaryProfile: assetProfile,
  quoteType,
  price,
  summaryDetail,
  defaultKeyStatistics,
  financialData
}

export function quoteSummary(
  request: VendorRequest,
  market: MarketView,
  instrument: Instrument | undefined
): VendorAnswer {
  const asked = (request.query.get('modules') ?? '').split(',').filter(Boolean)
  const { at } = request
  const metrics = instrument && metricsOf(market, instrument, at)
  const found = asked.flatMap((name) => {
    const module = instrument && MODULES[name]?.({ market, instrument, at, metrics })
    return module ? [[name, module] as const] : []
  })
  if (found.length === 0) {
    const description = `No fundamentals data found for any of the summaryTypes=${asked.join(',')}`
    return json({ quoteSummary: { result: null, error: { code: 'Not Found', description } } }, 404)
  }
  const modules = Object.fromEntries(found)
  const result = request.query.get('formatted') === 'false' ? modules : formatted(modules)
  return json({ quoteSummary: { result: [result], error: null } })
}

function assetProfile({ instrument }: Context): Record<string, unknown> | undefined {
  const { kind, name, symbol, sector, industry } = instrument
  const description = `${name} as listed on the simulated exchange. This text is made up.`
  if (kind === 'index' || kind === 'fx') return undefined
  if (kind === 'crypto') return { name, description, maxAge: 86_400 }
  if (kind === 'etf' || !sector || !industry) {
    return { longBusinessSummary: description, companyOfficers: [], executiveTeam: [], maxAge: 86_400 }
  }
  const key = keyOf(0, `profile ${symbol}`)
  return {
    address1: `${integerBetween(1, 900, key, 1)} Example Street`,
    country: VENUES[instrument.venue].country.name,
    website: `https://${symbol.toLowerCase().replaceAll(/[^a-z0-9]/g, '-')}.example`,
    industry,
    industryKey: keyed(industry),
    industryDisp: industry,
    sector: VENDOR_SECTORS[sector],
    sectorKey: keyed(VENDOR_SECTORS[sector]),
    sectorDisp: VENDOR_SECTORS[sector],
    longBusinessSummary: description,
    fullTimeEmployees: employeesOf(instrument),
    companyOfficers: [
      { maxAge: 1, name: 'Ms. Alex  Example', title: 'Chief Executive Officer & Director', fiscalYear: 2025 },
      {
        maxAge: 1,
        name: 'Mr. Sam  Sample',
        age: 52,
        title: 'Chief Financial Officer',
        yearBorn: 1973,
        fiscalYear: 2025
      }
    ],
    executiveTeam: [],
    maxAge: 86_400
  }
}

function quoteType({ market, instrument, at }: Context) {
  const calendar = market.calendar(instrument)
  return {
    exchange: VENUES[instrument.venue].yahoo.exchange,
    quoteType: QUOTE_TYPES[instrument.kind].quoteType,
    symbol: yahooSymbol(instrument.symbol),
    underlyingSymbol: yahooSymbol(instrument.symbol),
    shortName: instrument.name,
    longName: instrument.name,
    firstTradeDateEpochUtc: calendar.session(0).open / 1000,
    timeZoneFullName: calendar.timeZone,
    timeZoneShortName: zoneAbbreviation(calendar.timeZone, at),
    maxAge: 1
  }
}

/** Percentages are fractions here (0.0127), unlike in v7 quote. */
function price({ market, instrument, at }: Context) {
  const quote = market.quote(instrument, at)
  const row = quoteRow(market, instrument, at)
  return {
    maxAge: 1,
    regularMarketChangePercent: float32(quote.changePercent / 100),
    regularMarketChange: row.regularMarketChange,
    regularMarketTime: quote.asOf / 1000,
    priceHint: row.priceHint,
    regularMarketPrice: row.regularMarketPrice,
    regularMarketDayHigh: float32(quote.dayHigh),
    regularMarketDayLow: float32(quote.dayLow),
    regularMarketVolume: quote.volume,
    regularMarketPreviousClose: float32(quote.previousClose),
    regularMarketSource: quote.phase === 'regular' ? 'FREE_REALTIME' : 'DELAYED',
    regularMarketOpen: float32(quote.open),
    exchange: row.exchange,
    exchangeName: row.fullExchangeName,
    exchangeDataDelayedBy: row.exchangeDataDelayedBy,
    marketState: marketState(market, quote, at),
    quoteType: row.quoteType,
    symbol: row.symbol,
    underlyingSymbol: null,
    shortName: instrument.name,
    longName: instrument.name,
    currency: row.currency,
    quoteSourceName: row.quoteSourceName,
    currencySymbol: instrument.currency === 'USD' ? '$' : instrument.currency,
    fromCurrency: null,
    toCurrency: null,
    lastMarket: null,
    ...(row.marketCap !== undefined && { marketCap: row.marketCap })
  }
}

function summaryDetail({ market, instrument, at, metrics }: Context) {
  const quote = market.quote(instrument, at)
  const row = quoteRow(market, instrument, at)
  const dividends = market.dividends(instrument, at)
  return {
    maxAge: 1,
    priceHint: row.priceHint,
    previousClose: float32(quote.previousClose),
    open: float32(quote.open),
    dayLow: float32(quote.dayLow),
    dayHigh: float32(quote.dayHigh),
    regularMarketPreviousClose: float32(quote.previousClose),
    regularMarketOpen: float32(quote.open),
    regularMarketDayLow: float32(quote.dayLow),
    regularMarketDayHigh: float32(quote.dayHigh),
    ...(metrics &&
      dividends.length > 0 && {
        dividendRate: float32(metrics.dividendPerShare / instrument.unitsPerMajor),
        dividendYield: float32(metrics.dividendYield),
        exDividendDate: dayOfDate(dividends.at(-1)!.exDate) * 86_400
      }),
    ...(metrics && { beta: instrument.beta, trailingPE: row.trailingPE, forwardPE: row.forwardPE }),
    volume: quote.volume,
    regularMarketVolume: quote.volume,
    averageVolume: quote.year.averageVolume63,
    averageVolume10days: quote.year.averageVolume10,
    averageDailyVolume10Day: quote.year.averageVolume10,
    bid: row.bid,
    ask: row.ask,
    bidSize: quote.bidSize,
    askSize: quote.askSize,
    ...(instrument.kind === 'etf'
      ? fundDetail(row, instrument)
      : row.marketCap !== undefined && { marketCap: row.marketCap }),
    fiftyTwoWeekLow: float32(quote.year.low),
    fiftyTwoWeekHigh: float32(quote.year.high),
    fiftyDayAverage: float32(quote.year.average50),
    twoHundredDayAverage: float32(quote.year.average200),
    currency: yahooCurrency(instrument),
    fromCurrency: null,
    toCurrency: null,
    lastMarket: null,
    coinMarketCapLink: null,
    algorithm: null,
    tradeable: false
  }
}

/** What a fund has in place of a capitalisation; its yield is a fraction. */
function fundDetail(row: ReturnType<typeof quoteRow>, { dividendYieldPercent = 0 }: Instrument) {
  return {
    yield: round(dividendYieldPercent / 100, 4),
    totalAssets: row.marketCap ?? null,
    navPrice: row.regularMarketPrice
  }
}

function defaultKeyStatistics({ market, instrument, at, metrics }: Context) {
  if (!metrics) return undefined
  const split = market.splits(instrument, at).at(-1)
  return {
    maxAge: 1,
    priceHint: 2,
    enterpriseValue: wholeFloat32(metrics.enterpriseValue),
    forwardPE: float32(metrics.peRatio / (1 + metrics.growth)),
    profitMargins: float32(metrics.profitMargin),
    sharesOutstanding: Math.round(metrics.shares),
    impliedSharesOutstanding: Math.round(metrics.shares),
    beta: instrument.beta,
    category: null,
    bookValue: float32(metrics.bookValuePerShare),
    priceToBook: float32(metrics.priceToBook),
    fundFamily: null,
    legalType: null,
    mostRecentQuarter: dayOfDate(metrics.latest.periodEnd) * 86_400,
    netIncomeToCommon: wholeFloat32(metrics.netIncome),
    trailingEps: float32(metrics.epsTrailing),
    forwardEps: float32(metrics.epsTrailing * (1 + metrics.growth)),
    ...(split && { lastSplitFactor: `${split.ratio}:1`, lastSplitDate: dayOfDate(split.exDate) * 86_400 }),
    latestShareClass: null,
    leadInvestor: null
  }
}

/** `debtToEquity` is in percent: 145 means that debt is 1.45 times equity. */
function financialData({ market, instrument, at, metrics }: Context) {
  if (!metrics) return undefined
  const { cash, totalDebt } = metrics.latest.lines
  return {
    maxAge: 86_400,
    currentPrice: float32(market.quote(instrument, at).price),
    recommendationKey: 'none',
    totalCash: wholeFloat32(cash),
    totalCashPerShare: float32(cash / metrics.shares),
    ebitda: wholeFloat32(metrics.ebitda),
    totalDebt: wholeFloat32(totalDebt),
    totalRevenue: wholeFloat32(metrics.revenue),
    debtToEquity: float32(metrics.debtToEquity * 100),
    revenuePerShare: float32(metrics.revenue / metrics.shares),
    returnOnEquity: float32(metrics.returnOnEquity),
    grossProfits: wholeFloat32(metrics.grossProfit),
    freeCashflow: wholeFloat32(metrics.freeCashFlow),
    operatingCashflow: wholeFloat32(metrics.operatingCashFlow),
    revenueGrowth: float32(metrics.growth),
    grossMargins: float32(metrics.grossProfit / metrics.revenue),
    profitMargins: float32(metrics.profitMargin),
    financialCurrency: instrument.currency
  }
}

function keyed(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
}

/** Without `formatted=false` every number comes wrapped, but the hints. */
export function formatted(value: unknown, name = ''): unknown {
  if (typeof value === 'number') {
    return name === 'maxAge' || name === 'priceHint' ? value : { raw: value, fmt: value.toLocaleString('en-US') }
  }
  if (Array.isArray(value)) return value.map((each) => formatted(each))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, formatted(member, key)]))
}
