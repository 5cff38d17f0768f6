import { dateIn } from '../../../market/zoned-time.ts'
import { searchInstruments, VENDOR_SECTORS } from '../../market-wide.ts'
import { latestNews, newsAbout, type Story } from '../../news-wire.ts'
import { expiriesOf, optionChain } from '../../option-chains.ts'
import { metricsOf, statementsOf, type FullLines } from '../../statements.ts'
import { VENUES } from '../../venues.ts'
import {
  countOf,
  dateParameter,
  json,
  type Directory,
  type MarketView,
  type VendorAnswer,
  type VendorRequest
} from '../vendor.ts'
import type { Context } from './prices.ts'
import { alphaVantageSymbol } from './texts.ts'

const MAX_MATCHES = 10
const MAX_NEWS = 1000

export function overview({ request, market, instrument, symbol }: Context): VendorAnswer {
  const { at } = request
  const metrics = metricsOf(market, instrument, at)
  const quote = market.quote(instrument, at)
  const { sector, industry = '', name, venue, currency, unitsPerMajor } = instrument
  if (!metrics || !sector) return json({})
  const dividend = market.dividends(instrument, at).at(-1)
  const perShare = metrics.dividendPerShare / unitsPerMajor
  return json({
    Symbol: symbol,
    AssetType: 'Common Stock',
    Name: name,
    Description: `${name} as listed on the simulated exchange. This text is made up.`,
    CIK: 'None',
    Exchange: VENUES[venue].fmp.exchange,
    Currency: currency,
    Country: VENUES[venue].country.code === 'US' ? 'USA' : VENUES[venue].country.name,
    Sector: VENDOR_SECTORS[sector].toUpperCase(),
    Industry: industry.toUpperCase(),
    Address: 'EXAMPLE STREET, SANDBOX',
    FiscalYearEnd: 'December',
    LatestQuarter: metrics.latest.periodEnd,
    MarketCapitalization: String(Math.round(metrics.marketCap)),
    EBITDA: String(metrics.ebitda),
    PERatio: metrics.peRatio > 0 ? metrics.peRatio.toFixed(2) : 'None',
    PEGRatio: (metrics.peRatio / Math.max(1, metrics.growth * 100)).toFixed(3),
    BookValue: metrics.bookValuePerShare.toFixed(2),
    DividendPerShare: dividend ? perShare.toFixed(2) : 'None',
    DividendYield: dividend ? metrics.dividendYield.toFixed(4) : 'None',
    EPS: metrics.epsTrailing.toFixed(2),
    RevenuePerShareTTM: (metrics.revenue / metrics.shares).toFixed(2),
    ProfitMargin: metrics.profitMargin.toFixed(3),
    ReturnOnEquityTTM: metrics.returnOnEquity.toFixed(3),
    RevenueTTM: String(metrics.revenue),
    GrossProfitTTM: String(metrics.grossProfit),
    DilutedEPSTTM: metrics.epsTrailing.toFixed(2),
    QuarterlyRevenueGrowthYOY: metrics.growth.toFixed(3),
    TrailingPE: metrics.peRatio.toFixed(2),
    ForwardPE: (metrics.peRatio / (1 + metrics.growth)).toFixed(2),
    PriceToBookRatio: metrics.priceToBook.toFixed(2),
    EVToEBITDA: (metrics.enterpriseValue / metrics.ebitda).toFixed(2),
    Beta: instrument.beta.toFixed(3),
    '52WeekHigh': quote.year.high.toFixed(2),
    '52WeekLow': quote.year.low.toFixed(2),
    '50DayMovingAverage': quote.year.average50.toFixed(2),
    '200DayMovingAverage': quote.year.average200.toFixed(2),
    SharesOutstanding: String(Math.round(metrics.shares)),
    DividendDate: dividend?.payDate ?? 'None',
    ExDividendDate: dividend?.exDate ?? 'None'
  })
}

const REPORTS: Record<string, (lines: FullLines) => Record<string, number>> = {
  INCOME_STATEMENT: (lines) => ({
    grossProfit: lines.grossProfit,
    totalRevenue: lines.revenue,
    costOfRevenue: lines.costOfRevenue,
    costofGoodsAndServicesSold: lines.costOfRevenue,
    operatingIncome: lines.operatingIncome,
    researchAndDevelopment: lines.researchAndDevelopment,
    operatingExpenses: lines.operatingExpenses,
    interestExpense: lines.interestExpense,
    depreciationAndAmortization: lines.depreciation,
    incomeBeforeTax: lines.pretaxIncome,
    incomeTaxExpense: lines.incomeTax,
    netIncomeFromContinuingOperations: lines.netIncome,
    ebit: lines.operatingIncome,
    ebitda: lines.ebitda,
    netIncome: lines.netIncome
  }),
  BALANCE_SHEET: (lines) => ({
    totalAssets: lines.totalAssets,
    totalCurrentAssets: lines.currentAssets,
    cashAndCashEquivalentsAtCarryingValue: lines.cash,
    cashAndShortTermInvestments: lines.cash,
    inventory: lines.inventory,
    totalLiabilities: lines.totalLiabilities,
    totalCurrentLiabilities: lines.currentLiabilities,
    longTermDebt: lines.longTermDebt,
    shortLongTermDebtTotal: lines.totalDebt,
    totalShareholderEquity: lines.equity,
    retainedEarnings: lines.retainedEarnings,
    commonStockSharesOutstanding: lines.sharesDiluted
  }),
  // Money spent has no sign here.
  CASH_FLOW: (lines) => ({
    operatingCashflow: lines.operatingCashFlow,
    depreciationDepletionAndAmortization: lines.depreciation,
    capitalExpenditures: -lines.capitalExpenditure,
    dividendPayout: -lines.dividendsPaid,
    dividendPayoutCommonStock: -lines.dividendsPaid,
    netIncome: lines.netIncome
  })
}
/** A member that the vendor has but this company does not report. */
const UNREPORTED: Record<string, string> = {
  INCOME_STATEMENT: 'investmentIncomeNet',
  BALANCE_SHEET: 'shortTermInvestments',
  CASH_FLOW: 'dividendPayoutPreferredStock'
}

export function reports({ request, market, instrument, symbol }: Context, name: string): VendorAnswer {
  const rows = (period: 'annual' | 'quarterly') =>
    statementsOf(market, instrument, period, request.at).map(({ periodEnd, currency, lines }) => ({
      fiscalDateEnding: periodEnd,
      reportedCurrency: currency,
      ...Object.fromEntries(Object.entries(REPORTS[name]!(lines)).map(([line, value]) => [line, String(value)])),
      [UNREPORTED[name]!]: 'None'
    }))
  if (instrument.kind !== 'equity') return json({})
  return json({ symbol, annualReports: rows('annual'), quarterlyReports: rows('quarterly') })
}

export function earnings({ request, market, instrument, symbol }: Context): VendorAnswer {
  const of = (period: 'annual' | 'quarterly') => statementsOf(market, instrument, period, request.at)
  return json({
    symbol,
    annualEarnings: of('annual').map(({ periodEnd, lines }) => ({
      fiscalDateEnding: periodEnd,
      reportedEPS: String(lines.epsDiluted)
    })),
    quarterlyEarnings: of('quarterly').map(({ periodEnd, filedOn, lines }) => ({
      fiscalDateEnding: periodEnd,
      reportedDate: filedOn,
      reportedEPS: String(lines.epsDiluted),
      estimatedEPS: String(lines.epsDiluted),
      surprise: '0',
      surprisePercentage: '0'
    }))
  })
}

export function splitsOf({ request, market, instrument, symbol }: Context): VendorAnswer {
  const data = market
    .splits(instrument, request.at)
    .map(({ exDate, ratio }) => ({ effective_date: exDate, split_factor: ratio.toFixed(4) }))
  return json({ symbol, data: data.toReversed() })
}

/** Amounts are as paid, not divided by the splits that came later. */
export function dividendsOf({ request, market, instrument, symbol }: Context): VendorAnswer {
  const splits = market.splits(instrument, request.at)
  const data = market.dividends(instrument, request.at).map((dividend) => ({
    ex_dividend_date: dividend.exDate,
    declaration_date: dividend.declarationDate,
    record_date: dividend.recordDate,
    payment_date: dividend.payDate,
    amount: String(
      splits.filter(({ exDate }) => exDate > dividend.exDate).reduce((sum, { ratio }) => sum * ratio, dividend.amount)
    )
  }))
  return json({ symbol, data: data.toReversed() })
}

/** The chain of the last closed session, or of `date`; all expiries that were, or still are, to come. */
export function historicalOptions({ request, market, instrument, symbol }: Context): VendorAnswer {
  const calendar = market.calendar(instrument)
  const asked = dateParameter(request.query.get('date'))
  const current = calendar.sessionAt(request.at)
  const last = current.close <= request.at ? current : calendar.session(current.index - 1)
  const session = asked ? calendar.sessionOnOrAfter(asked) : last
  if (session.close > request.at || (asked && session.date !== asked)) {
    return json({ endpoint: 'Historical Options', message: 'No data for symbol or date', data: [] })
  }
  const at = session.close - 1000
  const expiries = expiriesOf(market, instrument, asked ? at : request.at)
  const contracts = expiries.flatMap((expiry) => optionChain(market, instrument, expiry, at))
  const five = (value: number) => value.toFixed(5)
  return json({
    endpoint: 'Historical Options',
    message: 'success',
    data: contracts.map((contract) => ({
      contractID: contract.symbol,
      symbol,
      expiration: contract.expiry,
      strike: contract.strike.toFixed(2),
      type: contract.side,
      last: contract.last.toFixed(2),
      mark: ((contract.bid + contract.ask) / 2).toFixed(2),
      bid: contract.bid.toFixed(2),
      bid_size: '10',
      ask: contract.ask.toFixed(2),
      ask_size: '10',
      volume: String(contract.volume),
      open_interest: String(contract.openInterest),
      date: session.date,
      implied_volatility: five(contract.impliedVolatility),
      delta: five(contract.delta),
      gamma: five(contract.gamma),
      theta: five(contract.theta),
      vega: five(contract.vega),
      rho: five(contract.rho)
    }))
  })
}

export function symbolSearch({ query }: VendorRequest, market: MarketView): VendorAnswer {
  const matches = searchInstruments(market, query.get('keywords') ?? '', 100).filter(({ symbol }) =>
    market.find(symbol)
  )
  const rows = matches.flatMap(({ symbol, name, kind, venue, currency, unitsPerMajor }, index) => {
    const spelled = alphaVantageSymbol(symbol)
    if (spelled === undefined) return []
    return {
      '1. symbol': spelled,
      '2. name': name,
      '3. type': kind === 'etf' ? 'ETF' : 'Equity',
      '4. region': VENUES[venue].region,
      '5. marketOpen': '09:30',
      '6. marketClose': '16:00',
      '7. timezone': 'UTC-04',
      '8. currency': unitsPerMajor === 100 ? 'GBX' : currency,
      '9. matchScore': (1 / (1 + index / 10)).toFixed(4)
    }
  })
  return json({ bestMatches: rows.slice(0, MAX_MATCHES) })
}

export function newsSentiment({ query, at }: VendorRequest, market: MarketView, directory: Directory): VendorAnswer {
  const limit = countOf(query.get('limit'), 50, MAX_NEWS)
  const tickers = (query.get('tickers') ?? '').split(',').filter(Boolean)
  const stories =
    tickers.length === 0
      ? latestNews(market, limit, at)
      : tickers.flatMap((ticker) => {
          const instrument = directory.find(market, ticker)
          return instrument ? newsAbout(market, instrument, limit, at) : []
        })
  return json({
    items: String(stories.length),
    sentiment_score_definition:
      'x <= -0.35: Bearish; -0.35 < x <= -0.15: Somewhat-Bearish; -0.15 < x < 0.15: Neutral; 0.15 <= x < 0.35: Somewhat_Bullish; x >= 0.35: Bullish',
    relevance_score_definition: '0 < x <= 1, with a higher score indicating higher relevance.',
    feed: stories.map(feedRow)
  })
}

function feedRow({ title, url, publishedAt, summary, domain, publisher, sentiment, symbols }: Story) {
  return {
    title,
    url,
    time_published: compactUtc(publishedAt),
    authors: ['Sandbox Staff'],
    summary,
    banner_image: `https://${domain}/image.jpg`,
    source: publisher,
    category_within_source: 'n/a',
    source_domain: domain,
    topics: [{ topic: 'Financial Markets', relevance_score: '1.0' }],
    overall_sentiment_score: sentiment,
    overall_sentiment_label: labelOf(sentiment),
    ticker_sentiment: symbols.map((symbol, index) => ({
      ticker: alphaVantageSymbol(symbol) ?? symbol,
      relevance_score: index === 0 ? '0.9' : '0.3',
      ticker_sentiment_score: String(index === 0 ? sentiment : Math.round(sentiment * 5e5) / 1e6),
      ticker_sentiment_label: labelOf(sentiment)
    }))
  }
}

function labelOf(sentiment: number): string {
  if (sentiment <= -0.35) return 'Bearish'
  if (sentiment <= -0.15) return 'Somewhat-Bearish'
  if (sentiment < 0.15) return 'Neutral'
  return sentiment < 0.35 ? 'Somewhat-Bullish' : 'Bullish'
}

/** `20230703T191900` */
function compactUtc(instant: number): string {
  return `${dateIn('UTC', instant).replaceAll('-', '')}T${new Date(instant).toISOString().slice(11, 19).replaceAll(':', '')}`
}
