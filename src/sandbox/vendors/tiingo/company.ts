import { isoOf } from '../../../market/time.ts'
import { dateIn } from '../../../market/zoned-time.ts'
import { searchInstruments, VENDOR_SECTORS } from '../../market-wide.ts'
import { latestNews, newsAbout, type Story } from '../../news-wire.ts'
import { metricsOf, statementsOf, type FullLines } from '../../statements.ts'
import type { Instrument } from '../../universe/instrument.ts'
import { VENUES } from '../../venues.ts'
import {
  countOf,
  dateParameter,
  json,
  round,
  type Directory,
  type MarketView,
  type VendorAnswer,
  type VendorRequest
} from '../vendor.ts'

const NEW_YORK = 'America/New_York'
const MAX_ROWS = 1000

export function meta({ at }: VendorRequest, market: MarketView, instrument: Instrument): VendorAnswer {
  const calendar = market.calendar(instrument)
  return json({
    ticker: instrument.symbol.replace('.', '-'),
    name: instrument.name,
    description: `${instrument.name} as listed on the simulated exchange. This text is made up.`,
    exchangeCode: VENUES[instrument.venue].fmp.exchange,
    startDate: calendar.session(0).date,
    endDate: dateIn(NEW_YORK, calendar.sessionAt(at).open)
  })
}

/** The query stands in `query`, or behind the path. */
export function search({ path, query }: VendorRequest, market: MarketView): VendorAnswer {
  const text = query.get('query') ?? path.replace(/^\/tiingo\/utilities\/search\/?/, '')
  const matches = searchInstruments(market, text, MAX_ROWS).filter(
    ({ symbol, kind, venue }) =>
      (kind === 'equity' || kind === 'etf') && VENUES[venue].market === 'us' && market.find(symbol)
  )
  return json(
    matches.slice(0, countOf(query.get('limit'), 10, 100)).map(({ symbol, name, kind }) => ({
      name,
      ticker: symbol.replace('.', '-'),
      permaTicker: `US${String(market.keyOf(market.find(symbol)!)).padStart(12, '0')}`,
      openFIGIComposite: null,
      assetType: kind === 'etf' ? 'ETF' : 'Stock',
      isActive: true,
      countryCode: 'US'
    }))
  )
}

/** Tickers are lower case, and a story comes twice now and then, under two ids. */
export function news({ query, at }: VendorRequest, market: MarketView, directory: Directory): VendorAnswer {
  const limit = countOf(query.get('limit'), 100, MAX_ROWS)
  const skipped = countOf(query.get('offset'), 0, MAX_ROWS)
  const tickers = (query.get('tickers') ?? '').split(',').filter(Boolean)
  const stories =
    tickers.length === 0
      ? latestNews(market, limit + skipped, at)
      : tickers
          .flatMap((ticker) => {
            const instrument = directory.find(market, ticker)
            return instrument ? newsAbout(market, instrument, limit + skipped, at) : []
          })
          .sort((a, b) => b.publishedAt - a.publishedAt)
  const rows = stories.flatMap((story) => {
    const row = newsRow(market, story)
    return story.number % 7 === 0 ? [row, { ...row, id: row.id + 1 }] : [row]
  })
  return json(rows.slice(skipped, skipped + limit))
}

function newsRow(market: MarketView, story: Story) {
  const sector = market.find(story.symbols[0]!)?.sector
  return {
    id: story.number,
    publishedDate: `${new Date(story.publishedAt).toISOString().slice(0, 19)}Z`,
    title: story.title,
    url: story.url,
    description: story.summary,
    source: story.domain,
    tags: ['Stock', ...(sector ? [VENDOR_SECTORS[sector]] : [])],
    crawlDate: isoOf(story.publishedAt + 90_309),
    tickers: story.symbols.map((symbol) => symbol.replace('.', '-').toLowerCase())
  }
}

type Section = 'incomeStatement' | 'balanceSheet' | 'cashFlow' | 'overview'
type Line = { code: string; section: Section; name: string; value: (lines: FullLines) => number }

const line = (section: Section, code: string, name: string, value: Line['value']): Line => ({
  code,
  section,
  name,
  value
})

const LINES: readonly Line[] = [
  line('incomeStatement', 'revenue', 'Revenue', ({ revenue }) => revenue),
  line('incomeStatement', 'costRev', 'Cost of Revenue', ({ costOfRevenue }) => costOfRevenue),
  line('incomeStatement', 'grossProfit', 'Gross Profit', ({ grossProfit }) => grossProfit),
  line('incomeStatement', 'rnd', 'Research & Development', ({ researchAndDevelopment }) => researchAndDevelopment),
  line('incomeStatement', 'opex', 'Operating Expenses', ({ operatingExpenses }) => operatingExpenses),
  line('incomeStatement', 'opinc', 'Operating Income', ({ operatingIncome }) => operatingIncome),
  line('incomeStatement', 'ebit', 'Earnings Before Interest & Taxes', ({ operatingIncome }) => operatingIncome),
  line('incomeStatement', 'ebitda', 'EBITDA', ({ ebitda }) => ebitda),
  line('incomeStatement', 'intexp', 'Interest Expense', ({ interestExpense }) => interestExpense),
  line('incomeStatement', 'ebt', 'Earnings before tax', ({ pretaxIncome }) => pretaxIncome),
  line('incomeStatement', 'taxExp', 'Tax Expense', ({ incomeTax }) => incomeTax),
  line('incomeStatement', 'netinc', 'Net Income', ({ netIncome }) => netIncome),
  line('incomeStatement', 'eps', 'Earnings Per Share', ({ epsBasic }) => epsBasic),
  line('incomeStatement', 'epsDil', 'Earnings Per Share Diluted', ({ epsDiluted }) => epsDiluted),
  line('incomeStatement', 'shareswaDil', 'Weighted Average Shares Diluted', ({ sharesDiluted }) => sharesDiluted),
  line('balanceSheet', 'totalAssets', 'Total Assets', ({ totalAssets }) => totalAssets),
  line('balanceSheet', 'assetsCurrent', 'Current Assets', ({ currentAssets }) => currentAssets),
  line('balanceSheet', 'cashAndEq', 'Cash and Equivalents', ({ cash }) => cash),
  line('balanceSheet', 'inventory', 'Inventory', ({ inventory }) => inventory),
  line('balanceSheet', 'totalLiabilities', 'Total Liabilities', ({ totalLiabilities }) => totalLiabilities),
  line('balanceSheet', 'liabilitiesCurrent', 'Current Liabilities', ({ currentLiabilities }) => currentLiabilities),
  line('balanceSheet', 'debt', 'Total Debt', ({ totalDebt }) => totalDebt),
  line('balanceSheet', 'debtNonCurrent', 'Non-Current Debt', ({ longTermDebt }) => longTermDebt),
  line('balanceSheet', 'equity', 'Shareholders Equity', ({ equity }) => equity),
  line('balanceSheet', 'retainedEarnings', 'Accumulated Retained Earnings', ({ retainedEarnings }) => retainedEarnings),
  line('balanceSheet', 'sharesBasic', 'Shares Outstanding', ({ sharesDiluted }) => sharesDiluted),
  line('cashFlow', 'ncfo', 'Net Cash Flow from Operations', ({ operatingCashFlow }) => operatingCashFlow),
  line('cashFlow', 'capex', 'Capital Expenditure', ({ capitalExpenditure }) => capitalExpenditure),
  line('cashFlow', 'freeCashFlow', 'Free Cash Flow', ({ freeCashFlow }) => freeCashFlow),
  line('cashFlow', 'payDiv', 'Payment of Dividends', ({ dividendsPaid }) => dividendsPaid),
  line('cashFlow', 'depamor', 'Depreciation & Amortization', ({ depreciation }) => depreciation),
  // Ratios are fractions. What is called the profit margin is the gross margin, as it is at the vendor.
  line('overview', 'grossMargin', 'Gross Margin', ({ grossProfit, revenue }) => grossProfit / revenue),
  line('overview', 'profitMargin', 'Profit Margin', ({ grossProfit, revenue }) => grossProfit / revenue),
  line('overview', 'bvps', 'Book Value Per Share', ({ equity, sharesDiluted }) => equity / sharesDiluted),
  line('overview', 'roe', 'Return on Equity', ({ netIncome, equity }) => netIncome / equity),
  line(
    'overview',
    'longTermDebtEquity',
    'Long-term Debt to Equity',
    ({ longTermDebt, equity }) => longTermDebt / equity
  )
]

export function definitions(): VendorAnswer {
  return json(
    LINES.map(({ code, section, name }) => ({
      dataCode: code,
      name,
      description: name,
      statementType: section,
      units: code.startsWith('shares') || section === 'overview' ? '' : '$'
    }))
  )
}

/** Quarters are numbered 1 to 4, whole years are quarter 0. Newest first. */
export function statements({ at }: VendorRequest, market: MarketView, instrument: Instrument): VendorAnswer {
  const periods = (['annual', 'quarterly'] as const).flatMap((period) => statementsOf(market, instrument, period, at))
  const rows = periods.map(({ periodEnd, period, year, quarter, lines }) => ({
    date: periodEnd,
    year,
    quarter: period === 'annual' ? 0 : quarter,
    statementData: Object.fromEntries(
      Object.entries(Object.groupBy(LINES, ({ section }) => section)).map(([section, of]) => [
        section,
        of.map(({ code, value }) => ({ dataCode: code, value: value(lines) }))
      ])
    )
  }))
  return json(rows.sort((a, b) => b.date.localeCompare(a.date) || a.quarter - b.quarter))
}

/** A row for each session from `startDate`; the newest one where none is asked for. */
export function dailyMetrics({ query, at }: VendorRequest, market: MarketView, instrument: Instrument): VendorAnswer {
  const start = dateParameter(query.get('startDate'))
  const today = market.calendar(instrument).sessionAt(at).date
  const end = dateParameter(query.get('endDate')) ?? today
  const sessions = market.dailyBars(instrument, start ?? today, end < today ? end : today, at).slice(-MAX_ROWS)
  return json(
    sessions.flatMap(({ session }) => {
      const metrics = metricsOf(market, instrument, Math.min(at, session.close - 1000))
      if (!metrics) return []
      return {
        date: `${session.date}T00:00:00.000Z`,
        marketCap: metrics.marketCap,
        enterpriseVal: metrics.enterpriseValue,
        peRatio: round(metrics.peRatio, 10),
        pbRatio: round(metrics.priceToBook, 10),
        trailingPEG1Y: round(metrics.peRatio / Math.max(1, metrics.growth * 100), 10)
      }
    })
  )
}
