import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Fundamentals, Statement, StatementLines, StatementPeriod } from '../../market/fundamentals.ts'
import { withoutAbsent } from '../../market/absent.ts'
import { currencyOf, finite, provenanceOf, rounded } from '../parse.ts'
import { ProviderError } from '../provider.ts'
import { partOf } from '../rows.ts'
import { DatedText, dateIn } from '../session-dates.ts'
import { coveredListing, type Fmp } from './client.ts'

/** As many periods as a free key may ask for. */
const PERIODS = 5

type Line = keyof StatementLines
type Metric = keyof Fundamentals['metrics']
type Row = Record<string, unknown>

/** Members by our lines; where a line has several, the later ones are of older answers. */
const INCOME: Partial<Record<Line, readonly string[]>> = {
  revenue: ['revenue'],
  costOfRevenue: ['costOfRevenue'],
  grossProfit: ['grossProfit'],
  operatingExpenses: ['operatingExpenses'],
  operatingIncome: ['operatingIncome'],
  ebitda: ['ebitda'],
  interestExpense: ['interestExpense'],
  incomeTax: ['incomeTaxExpense'],
  netIncome: ['netIncome'],
  epsBasic: ['eps'],
  epsDiluted: ['epsDiluted', 'epsdiluted'],
  sharesDiluted: ['weightedAverageShsOutDil']
}
const BALANCE: Partial<Record<Line, readonly string[]>> = {
  totalAssets: ['totalAssets'],
  currentAssets: ['totalCurrentAssets'],
  cash: ['cashAndCashEquivalents'],
  inventory: ['inventory'],
  totalLiabilities: ['totalLiabilities'],
  currentLiabilities: ['totalCurrentLiabilities'],
  totalDebt: ['totalDebt'],
  longTermDebt: ['longTermDebt'],
  equity: ['totalStockholdersEquity'],
  retainedEarnings: ['retainedEarnings']
}
const CASH_FLOW: Partial<Record<Line, readonly string[]>> = {
  netIncome: ['netIncome'],
  operatingCashFlow: ['operatingCashFlow', 'netCashProvidedByOperatingActivities'],
  capitalExpenditure: ['capitalExpenditure', 'investmentsInPropertyPlantAndEquipment'],
  freeCashFlow: ['freeCashFlow'],
  dividendsPaid: ['netDividendsPaid', 'commonDividendsPaid', 'dividendsPaid']
}
/** The vendor writes 0 for a line that a report lacks. Here a real 0 is rarer than that, so a 0 is an absence. */
const NEVER_ZERO = new Set<Line>(['revenue', 'ebitda', 'interestExpense', 'sharesDiluted', 'totalAssets'])

const METRICS: Partial<Record<Metric, readonly string[]>> = {
  marketCap: ['marketCap', 'marketCapTTM'],
  enterpriseValue: ['enterpriseValueTTM'],
  peRatio: ['priceToEarningsRatioTTM', 'peRatioTTM'],
  pegRatio: ['priceToEarningsGrowthRatioTTM', 'pegRatioTTM'],
  priceToBook: ['priceToBookRatioTTM', 'pbRatioTTM'],
  epsTrailing: ['netIncomePerShareTTM'],
  bookValuePerShare: ['bookValuePerShareTTM'],
  debtToEquity: ['debtToEquityRatioTTM', 'debtToEquityTTM']
}
/** Sent as fractions: 0.24 for 24 %. */
const PERCENT_METRICS: Partial<Record<Metric, readonly string[]>> = {
  profitMarginPercent: ['netProfitMarginTTM'],
  returnOnEquityPercent: ['returnOnEquityTTM', 'roeTTM'],
  dividendYieldPercent: ['dividendYieldTTM']
}

export const FUNDAMENTALS_CALLS = 5

/**
 * The annual statements and the trailing ratios, from five endpoints. What the plan does not sell, or what cannot be
 * read, costs only its own lines and is noted; a limit or an outage fails the whole, for the next provider has it all.
 */
export async function loadFundamentals(fmp: Fmp, symbol: string, signal: AbortSignal): Promise<Fundamentals> {
  const { wire } = coveredListing(symbol)
  const statement = { symbol: wire, period: 'annual', limit: PERIODS }
  const parts = await Promise.all([
    partOf(fmp.rows('income-statement', statement, WireIncome, signal)),
    partOf(fmp.rows('balance-sheet-statement', statement, WireBalance, signal)),
    partOf(fmp.rows('cash-flow-statement', statement, WireCashFlow, signal)),
    partOf(fmp.rows('ratios-ttm', { symbol: wire }, WireRatios, signal)),
    partOf(fmp.rows('key-metrics-ttm', { symbol: wire }, WireRatios, signal))
  ])
  const [income, balance, cashFlow, ratios, keyMetrics] = parts.map((each) => (Array.isArray(each) ? each : []))
  const statements = mergeStatements([
    { rows: income!, lines: INCOME },
    { rows: balance!, lines: BALANCE },
    { rows: cashFlow!, lines: CASH_FLOW }
  ])
  const metrics = metricsIn({ ...keyMetrics![0], ...ratios![0] })
  const failed = parts.filter((each) => each instanceof ProviderError)
  if (statements.length === 0 && Object.keys(metrics).length === 0) {
    throw failed[0] ?? new ProviderError('fmp', 'not_found', `fmp has no fundamentals of ${symbol}`)
  }
  return {
    symbol,
    statements,
    metrics,
    provenance: provenanceOf('fmp', {
      feed: 'composite',
      receivedAt: fmp.now(),
      notes: failed.length > 0 ? ['the vendor did not give all statements and ratios'] : []
    })
  }
}

type StatementPart = { rows: readonly Row[]; lines: Partial<Record<Line, readonly string[]>> }

function mergeStatements(parts: readonly StatementPart[]): Statement[] {
  const byPeriod = new Map<string, Statement>()
  for (const { rows, lines } of parts) {
    for (const row of rows) {
      const periodEnd = (row.date as string).slice(0, 10)
      const period = periodOf(row.period)
      if (period === undefined) continue
      const statement: Statement =
        byPeriod.get(`${period} ${periodEnd}`) ??
        withoutAbsent<Statement>({
          periodEnd,
          period,
          currency: currencyOf(row.reportedCurrency),
          // The second spelling is of older answers.
          filedOn: dateIn(row.filingDate ?? row.fillingDate),
          lines: {}
        })
      // The first statement that tells a line tells it: net income stands in two of them.
      statement.lines = { ...linesIn(row, lines), ...statement.lines }
      byPeriod.set(`${period} ${periodEnd}`, statement)
    }
  }
  return [...byPeriod.values()].sort((one, other) => (one.periodEnd > other.periodEnd ? -1 : 1))
}

/** Annual ones were asked for; half years, which some companies report, are neither. */
function periodOf(text: unknown): StatementPeriod | undefined {
  if (text === undefined || text === null || text === 'FY') return 'annual'
  return typeof text === 'string' && /^Q[1-4]$/.test(text) ? 'quarterly' : undefined
}

function linesIn(row: Row, lines: StatementPart['lines']): StatementLines {
  const entries = Object.entries(lines) as [Line, readonly string[]][]
  return Object.fromEntries(
    entries.flatMap(([line, members]) => {
      const value = firstNumber(row, members)
      return value === undefined || (value === 0 && NEVER_ZERO.has(line)) ? [] : [[line, value]]
    })
  )
}

/** A ratio of 0 is one that the vendor could not compute; only a dividend yield may be 0. */
function metricsIn(row: Row): Fundamentals['metrics'] {
  const plain = Object.entries(METRICS).flatMap(([metric, members]) => {
    const value = firstNumber(row, members)
    return value ? [[metric, value]] : []
  })
  const percents = Object.entries(PERCENT_METRICS).flatMap(([metric, members]) => {
    const value = firstNumber(row, members)
    const isKnown = value !== undefined && (value !== 0 || metric === 'dividendYieldPercent')
    return isKnown ? [[metric, rounded(value * 100, 6)]] : []
  })
  return Object.fromEntries([...plain, ...percents])
}

function firstNumber(row: Row, members: readonly string[]): number | undefined {
  return members.map((member) => finite(row[member])).find((value) => value !== undefined)
}

// Each statement is known by a member that only it has: `inventory` is a stock in one and a flow in another.
const dated = { date: DatedText }
const Amount = Type.Union([Type.Number(), Type.Null()])

const WireIncome = Compile(Type.Object({ ...dated, revenue: Amount }))
const WireBalance = Compile(Type.Object({ ...dated, totalAssets: Amount }))
const WireCashFlow = Compile(Type.Object({ ...dated, freeCashFlow: Amount }))
const WireRatios = Compile(Type.Object({ symbol: Type.String() }))
