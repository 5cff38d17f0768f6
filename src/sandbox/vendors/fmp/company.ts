import { integerBetween, keyOf } from '../../noise.ts'
import { latestNews, newsAbout, type Story } from '../../news-wire.ts'
import { employeesOf, metricsOf, statementsOf, type SimulatedStatement } from '../../statements.ts'
import type { Instrument } from '../../universe/instrument.ts'
import { VENUES } from '../../venues.ts'
import { VENDOR_SECTORS } from '../../market-wide.ts'
import {
  countOf,
  fractionOf,
  json,
  round,
  type Directory,
  type MarketView,
  type VendorAnswer,
  type VendorRequest
} from '../vendor.ts'
import { wallTime } from '../wall-time.ts'
import { fmpCurrency, fmpSymbol } from './symbols.ts'

const NEW_YORK = 'America/New_York'
const MAX_NEWS = 250
const MAX_STATEMENTS = 40

export function profileRow(market: MarketView, instrument: Instrument, at: number) {
  const { symbol, name, kind, sector, industry, venue, beta } = instrument
  const quote = market.quote(instrument, at)
  const { country, fmp } = VENUES[venue]
  const key = keyOf(0, `profile ${symbol}`)
  const cik = String(integerBetween(1000, 1_999_999, key, 3)).padStart(10, '0')
  const isCompany = kind === 'equity'
  return {
    symbol: fmpSymbol(symbol),
    price: quote.price,
    marketCap: Math.round(quote.marketCap ?? 0),
    beta,
    lastDividend: market.dividends(instrument, at).at(-1)?.amount ?? 0,
    range: `${quote.year.low}-${quote.year.high}`,
    change: round(quote.change, 5),
    changePercentage: round(quote.changePercent, 5),
    volume: quote.volume,
    averageVolume: quote.year.averageVolume63,
    companyName: name,
    currency: fmpCurrency(instrument),
    cik: isCompany && country.code === 'US' ? cik : null,
    isin: null,
    cusip: null,
    exchangeFullName: fmp.fullName,
    exchange: fmp.exchange,
    industry: industry ?? '',
    website: isCompany ? `https://${symbol.toLowerCase().replaceAll(/[^a-z0-9]/g, '-')}.example` : '',
    description: `${name} as listed on the simulated exchange. This text is made up.`,
    ceo: isCompany ? 'Alex Example' : '',
    sector: sector && isCompany ? VENDOR_SECTORS[sector] : '',
    country: country.code,
    fullTimeEmployees: isCompany ? String(employeesOf(instrument)) : null,
    phone: '',
    address: isCompany ? `${integerBetween(1, 900, key, 1)} Example Street` : '',
    city: '',
    state: '',
    zip: '',
    image: '',
    ipoDate: market.calendar(instrument).session(0).date,
    defaultImage: true,
    isEtf: kind === 'etf',
    isActivelyTrading: true,
    isAdr: false,
    isFund: false
  }
}

export function searchRow(instrument: Instrument) {
  const { exchange, fullName } = VENUES[instrument.venue].fmp
  return {
    symbol: fmpSymbol(instrument.symbol),
    name: instrument.name,
    currency: fmpCurrency(instrument),
    exchangeFullName: fullName,
    exchange
  }
}

/** News of symbols, or of the whole market where none are asked for; times are New York's wall clock. */
export function news(
  { query, at }: VendorRequest,
  market: MarketView,
  directory: Directory,
  path: string
): VendorAnswer {
  const limit = countOf(query.get('limit'), 20, MAX_NEWS)
  const skipped = countOf(query.get('page'), 0, 100) * limit
  const wanted = path === '/stable/news/stock' ? (query.get('symbols') ?? '').split(',') : undefined
  const stories = wanted
    ? wanted
        .flatMap((symbol) => {
          const instrument = directory.find(market, symbol)
          return instrument ? newsAbout(market, instrument, limit + skipped, at) : []
        })
        .sort((a, b) => b.publishedAt - a.publishedAt)
    : latestNews(market, limit + skipped, at)
  const general = path === '/stable/news/general-latest'
  return json(stories.slice(skipped, skipped + limit).map((story) => newsRow(story, general)))
}

function newsRow({ symbols, publishedAt, publisher, title, domain, summary, url }: Story, general: boolean) {
  return {
    symbol: general ? null : fmpSymbol(symbols[0]!),
    publishedDate: wallTime(NEW_YORK, publishedAt),
    publisher,
    title,
    image: `https://${domain}/image.jpg`,
    site: domain,
    text: summary,
    url
  }
}

const STATEMENT_ROWS: Record<string, (statement: SimulatedStatement) => Record<string, number>> = {
  'income-statement': ({ lines }) => ({
    revenue: lines.revenue,
    costOfRevenue: lines.costOfRevenue,
    grossProfit: lines.grossProfit,
    researchAndDevelopmentExpenses: lines.researchAndDevelopment,
    sellingGeneralAndAdministrativeExpenses: lines.operatingExpenses - lines.researchAndDevelopment,
    otherExpenses: 0,
    operatingExpenses: lines.operatingExpenses,
    costAndExpenses: lines.costOfRevenue + lines.operatingExpenses,
    netInterestIncome: -lines.interestExpense,
    interestIncome: 0,
    interestExpense: lines.interestExpense,
    depreciationAndAmortization: lines.depreciation,
    ebitda: lines.ebitda,
    ebit: lines.operatingIncome,
    operatingIncome: lines.operatingIncome,
    totalOtherIncomeExpensesNet: -lines.interestExpense,
    incomeBeforeTax: lines.pretaxIncome,
    incomeTaxExpense: lines.incomeTax,
    netIncomeFromContinuingOperations: lines.netIncome,
    netIncomeFromDiscontinuedOperations: 0,
    netIncome: lines.netIncome,
    bottomLineNetIncome: lines.netIncome,
    eps: lines.epsBasic,
    epsDiluted: lines.epsDiluted,
    weightedAverageShsOut: Math.round(lines.sharesDiluted * 0.995),
    weightedAverageShsOutDil: lines.sharesDiluted
  }),
  'balance-sheet-statement': ({ lines }) => ({
    cashAndCashEquivalents: lines.cash,
    shortTermInvestments: 0,
    cashAndShortTermInvestments: lines.cash,
    inventory: lines.inventory,
    totalCurrentAssets: lines.currentAssets,
    totalNonCurrentAssets: lines.totalAssets - lines.currentAssets,
    totalAssets: lines.totalAssets,
    shortTermDebt: lines.totalDebt - lines.longTermDebt,
    totalCurrentLiabilities: lines.currentLiabilities,
    longTermDebt: lines.longTermDebt,
    totalNonCurrentLiabilities: lines.totalLiabilities - lines.currentLiabilities,
    totalLiabilities: lines.totalLiabilities,
    retainedEarnings: lines.retainedEarnings,
    totalStockholdersEquity: lines.equity,
    totalEquity: lines.equity,
    totalLiabilitiesAndTotalEquity: lines.totalAssets,
    totalDebt: lines.totalDebt,
    netDebt: lines.totalDebt - lines.cash
  }),
  'cash-flow-statement': ({ lines }) => ({
    netIncome: lines.netIncome,
    depreciationAndAmortization: lines.depreciation,
    netCashProvidedByOperatingActivities: lines.operatingCashFlow,
    operatingCashFlow: lines.operatingCashFlow,
    investmentsInPropertyPlantAndEquipment: lines.capitalExpenditure,
    capitalExpenditure: lines.capitalExpenditure,
    netDividendsPaid: lines.dividendsPaid,
    commonDividendsPaid: lines.dividendsPaid,
    freeCashFlow: lines.freeCashFlow
  })
}

/** Undefined for a name that is no statement of FMP. */
export function statementRows(
  { query, at }: VendorRequest,
  market: MarketView,
  instrument: Instrument,
  name: string
): VendorAnswer | undefined {
  const row = STATEMENT_ROWS[name]
  if (!row) return undefined
  const period = /^(quarter|quarterly)$/i.test(query.get('period') ?? '') ? 'quarterly' : 'annual'
  const statements = statementsOf(market, instrument, period, at).slice(
    0,
    countOf(query.get('limit'), 5, MAX_STATEMENTS)
  )
  return json(
    statements.map((statement) => ({
      date: statement.periodEnd,
      symbol: fmpSymbol(instrument.symbol),
      reportedCurrency: statement.currency,
      cik: '0000000000',
      filingDate: statement.filedOn,
      acceptedDate: `${statement.filedOn} 06:01:36`,
      fiscalYear: String(statement.year),
      period: period === 'annual' ? 'FY' : `Q${statement.quarter}`,
      ...row(statement)
    }))
  )
}

export function trailingMetrics(market: MarketView, instrument: Instrument, at: number, name: string): VendorAnswer {
  const metrics = metricsOf(market, instrument, at)
  if (!metrics) return json([])
  const symbol = fmpSymbol(instrument.symbol)
  if (name === 'ratios-ttm') {
    return json([
      {
        symbol,
        grossProfitMarginTTM: metrics.grossProfit / metrics.revenue,
        netProfitMarginTTM: metrics.profitMargin,
        priceToEarningsRatioTTM: metrics.peRatio,
        priceToEarningsGrowthRatioTTM: metrics.peRatio / Math.max(1, metrics.growth * 100),
        priceToBookRatioTTM: metrics.priceToBook,
        debtToEquityRatioTTM: metrics.debtToEquity,
        dividendYieldTTM: metrics.dividendYield,
        dividendPerShareTTM: metrics.dividendPerShare / instrument.unitsPerMajor,
        netIncomePerShareTTM: metrics.epsTrailing,
        bookValuePerShareTTM: metrics.bookValuePerShare,
        enterpriseValueTTM: metrics.enterpriseValue
      }
    ])
  }
  return json([
    {
      symbol,
      marketCap: Math.round(metrics.marketCap),
      enterpriseValueTTM: Math.round(metrics.enterpriseValue),
      evToSalesTTM: metrics.enterpriseValue / metrics.revenue,
      evToEBITDATTM: metrics.enterpriseValue / metrics.ebitda,
      returnOnEquityTTM: metrics.returnOnEquity,
      earningsYieldTTM: 1 / metrics.peRatio
    }
  ])
}

export function splitRows(market: MarketView, instrument: Instrument, at: number): VendorAnswer {
  const symbol = fmpSymbol(instrument.symbol)
  const rows = market
    .splits(instrument, at)
    .map(({ exDate, ratio }) => ({ symbol, date: exDate, ...fractionOf(ratio) }))
  return json(rows.toReversed())
}

export function dividendRows(market: MarketView, instrument: Instrument, at: number): VendorAnswer {
  const { dividendYieldPercent = 0 } = instrument
  const splits = market.splits(instrument, at)
  const rows = market.dividends(instrument, at).map((dividend) => {
    const laterSplits = splits.filter(({ exDate }) => exDate > dividend.exDate)
    return {
      symbol: fmpSymbol(instrument.symbol),
      date: dividend.exDate,
      recordDate: dividend.recordDate,
      paymentDate: dividend.payDate,
      declarationDate: dividend.declarationDate,
      adjDividend: dividend.amount,
      dividend: round(
        laterSplits.reduce((amount, { ratio }) => amount * ratio, dividend.amount),
        6
      ),
      yield: dividendYieldPercent,
      frequency: 'Quarterly'
    }
  })
  return json(rows.toReversed())
}
