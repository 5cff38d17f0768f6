import type { StatementLines } from '../market/fundamentals.ts'
import { DAY_MS } from '../market/time.ts'
import { dateOfDay } from './calendar.ts'
import { splitFactorAfter } from './corporate-actions.ts'
import type { Exchange } from './exchange.ts'
import { between, integerBetween, keyOf } from './noise.ts'
import type { Instrument, Sector } from './universe/instrument.ts'

const FILING_DELAY_DAYS = 40
const ANNUAL_COUNT = 5
const QUARTER_COUNT = 12
/** Revenue of this year follows from the market value at the anchor of the simulation. */
const BASE_YEAR = 2025
const TAX_RATE = 0.19
const INTEREST_RATE = 0.045
const QUARTER_SHARES = [0.235, 0.245, 0.25, 0.27]

/** Price to a year's sales at the anchor. */
const SALES_MULTIPLE: Record<Sector, number> = {
  'Information Technology': 8,
  'Communication Services': 4.5,
  'Consumer Discretionary': 2.5,
  'Consumer Staples': 2,
  Financials: 4,
  'Health Care': 3.5,
  Industrials: 3,
  Energy: 1.5,
  Materials: 2.2,
  Utilities: 2.8,
  'Real Estate': 8
}

/** Every line is there, in units of the instrument's currency; money spent is negative, as in StatementLines. */
export type FullLines = Required<StatementLines> & {
  researchAndDevelopment: number
  depreciation: number
  pretaxIncome: number
}

export type SimulatedStatement = {
  /** YYYY-MM-DD, the last day of the calendar year or quarter. */
  readonly periodEnd: string
  readonly period: 'annual' | 'quarterly'
  readonly year: number
  readonly quarter: 1 | 2 | 3 | 4
  readonly filedOn: string
  readonly currency: string
  readonly lines: FullLines
}

/** Statements filed by an instant, newest first; none for what is not a company. */
export function statementsOf(
  exchange: Exchange,
  instrument: Instrument,
  period: 'annual' | 'quarterly',
  at = exchange.now()
): SimulatedStatement[] {
  if (instrument.kind !== 'equity') return []
  const thisYear = new Date(at).getUTCFullYear()
  const count = period === 'annual' ? ANNUAL_COUNT : QUARTER_COUNT
  const statements: SimulatedStatement[] = []
  for (let year = thisYear; statements.length < count; year--) {
    for (const quarter of period === 'annual' ? ([4] as const) : ([4, 3, 2, 1] as const)) {
      const end = Date.UTC(year, quarter * 3, 1) - DAY_MS
      const filed = end + FILING_DELAY_DAYS * DAY_MS
      if (filed > at || statements.length === count) continue
      statements.push({
        periodEnd: dateOfDay(end / DAY_MS),
        period,
        year,
        quarter,
        filedOn: dateOfDay(filed / DAY_MS),
        currency: instrument.currency,
        lines: linesOf(instrument, year, period === 'annual' ? 1 : QUARTER_SHARES[quarter - 1]!)
      })
    }
  }
  return statements
}

/** Ratios as of an instant, from the price and the last four quarters; undefined for what is not a company. */
export function metricsOf(exchange: Exchange, instrument: Instrument, at = exchange.now()) {
  const quarters = statementsOf(exchange, instrument, 'quarterly', at).slice(0, 4)
  const latest = quarters[0]
  if (!latest) return undefined
  const { price, marketCap = 0, session } = exchange.quote(instrument, at)
  const sum = (line: 'revenue' | 'netIncome' | 'ebitda' | 'freeCashFlow' | 'operatingCashFlow' | 'grossProfit') =>
    quarters.reduce((total, { lines }) => total + lines[line], 0)
  const shares = (instrument.shares ?? 0) / splitFactorAfter(instrument, session.date)
  const netIncome = sum('netIncome')
  const { equity, totalDebt, cash } = latest.lines
  const dividends = exchange.dividends(instrument, at).slice(-4)
  const dividendPerShare = dividends.reduce((total, { amount }) => total + amount, 0)
  const major = price / instrument.unitsPerMajor
  return {
    shares,
    marketCap,
    enterpriseValue: marketCap + totalDebt - cash,
    revenue: sum('revenue'),
    grossProfit: sum('grossProfit'),
    netIncome,
    ebitda: sum('ebitda'),
    freeCashFlow: sum('freeCashFlow'),
    operatingCashFlow: sum('operatingCashFlow'),
    epsTrailing: netIncome / shares,
    peRatio: (major * shares) / netIncome,
    bookValuePerShare: equity / shares,
    priceToBook: (major * shares) / equity,
    profitMargin: netIncome / sum('revenue'),
    returnOnEquity: netIncome / equity,
    debtToEquity: totalDebt / equity,
    growth: growthOf(instrument),
    /** In price units. */
    dividendPerShare,
    dividendYield: dividendPerShare / price,
    latest
  }
}
export type SimulatedMetrics = NonNullable<ReturnType<typeof metricsOf>>

/** A round number of people, the same with every vendor. */
export function employeesOf({ symbol }: Instrument): number {
  return integerBetween(8, 2500, keyOf(0, `profile ${symbol}`), 2) * 100
}

function growthOf(instrument: Instrument): number {
  return between(-0.01, 0.14, keyOf(0, `statements ${instrument.symbol}`), 1)
}

/** A company's lines for a year, or for the share of it that a quarter is; stocks (balance sheet) do not scale. */
function linesOf(instrument: Instrument, year: number, share: number): FullLines {
  const key = keyOf(0, `statements ${instrument.symbol}`)
  const { level, shares = 0, unitsPerMajor, sector, dividendYieldPercent = 0 } = instrument
  const value = (level / unitsPerMajor) * shares
  const whole = Math.round
  const grown = (1 + growthOf(instrument)) ** (year - BASE_YEAR)
  const yearRevenue = (value / (SALES_MULTIPLE[sector ?? 'Industrials'] * between(0.6, 1.6, key, 2))) * grown
  const flow = (ratio: number) => whole(yearRevenue * share * ratio)
  const stock = (ratio: number) => whole(yearRevenue * ratio)

  const revenue = flow(1)
  const costOfRevenue = flow(between(0.35, 0.68, key, 3))
  const grossProfit = revenue - costOfRevenue
  const researchAndDevelopment = flow(sector === 'Information Technology' ? 0.09 : 0.01)
  const operatingExpenses =
    researchAndDevelopment + whole((grossProfit - researchAndDevelopment) * between(0.3, 0.55, key, 4))
  const operatingIncome = grossProfit - operatingExpenses
  const depreciation = flow(0.045)
  const longTermDebt = stock(between(0.15, 0.6, key, 5))
  const totalDebt = whole(longTermDebt * 1.12)
  const interestExpense = whole(totalDebt * INTEREST_RATE * share)
  const pretaxIncome = operatingIncome - interestExpense
  const incomeTax = Math.max(0, whole(pretaxIncome * TAX_RATE))
  const netIncome = pretaxIncome - incomeTax
  const equity = stock(between(0.4, 1.1, key, 6))
  const currentLiabilities = stock(0.3)
  const totalLiabilities = totalDebt + currentLiabilities + stock(0.1)
  const operatingCashFlow = netIncome + depreciation + flow(0.01)
  const capitalExpenditure = -flow(between(0.02, 0.07, key, 7))
  return {
    revenue,
    costOfRevenue,
    grossProfit,
    researchAndDevelopment,
    operatingExpenses,
    operatingIncome,
    ebitda: operatingIncome + depreciation,
    depreciation,
    interestExpense,
    pretaxIncome,
    incomeTax,
    netIncome,
    epsBasic: Math.round((netIncome / shares) * 1.005 * 100) / 100,
    epsDiluted: Math.round((netIncome / shares) * 100) / 100,
    sharesDiluted: shares,
    totalAssets: equity + totalLiabilities,
    currentAssets: stock(0.42),
    cash: stock(between(0.08, 0.25, key, 8)),
    inventory: stock(0.06),
    totalLiabilities,
    currentLiabilities,
    totalDebt,
    longTermDebt,
    equity,
    retainedEarnings: whole(equity * 0.6),
    operatingCashFlow,
    capitalExpenditure,
    freeCashFlow: operatingCashFlow + capitalExpenditure,
    dividendsPaid: -whole(((value * dividendYieldPercent) / 100) * share * 0.95)
  }
}
