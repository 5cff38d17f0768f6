// https://www.tiingo.com/documentation/fundamentals
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Fundamentals, Statement, StatementLines } from '../../market/fundamentals.ts'
import { withoutAbsent } from '../../market/absent.ts'
import { DAY_MS } from '../../market/time.ts'
import { finite, provenanceOf, rounded } from '../parse.ts'
import { ProviderError } from '../provider.ts'
import { oncePer, partOf } from '../rows.ts'
import { salvage } from '../salvage.ts'
import { DatedText } from '../session-dates.ts'
import { coveredSymbol, CURRENCY, type Tiingo } from './client.ts'

const STATEMENT_DAYS = 6 * 365
/** Reaches over the longest holidays to the newest daily metrics. */
const METRIC_DAYS = 14

export const FUNDAMENTALS_CALLS = 2

const LINE_BY_CODE = new Map<string, keyof StatementLines>([
  ['revenue', 'revenue'],
  ['costRev', 'costOfRevenue'],
  ['grossProfit', 'grossProfit'],
  ['opex', 'operatingExpenses'],
  ['opinc', 'operatingIncome'],
  ['ebitda', 'ebitda'],
  ['intexp', 'interestExpense'],
  ['taxExp', 'incomeTax'],
  ['netinc', 'netIncome'],
  ['eps', 'epsBasic'],
  ['epsDil', 'epsDiluted'],
  ['shareswaDil', 'sharesDiluted'],
  ['totalAssets', 'totalAssets'],
  ['assetsCurrent', 'currentAssets'],
  ['cashAndEq', 'cash'],
  ['inventory', 'inventory'],
  ['totalLiabilities', 'totalLiabilities'],
  ['liabilitiesCurrent', 'currentLiabilities'],
  ['debt', 'totalDebt'],
  ['debtNonCurrent', 'longTermDebt'],
  ['equity', 'equity'],
  ['retainedEarnings', 'retainedEarnings'],
  ['ncfo', 'operatingCashFlow'],
  ['capex', 'capitalExpenditure'],
  ['freeCashFlow', 'freeCashFlow'],
  ['payDiv', 'dividendsPaid']
])

/**
 * Annual and quarterly statements with the newest daily metrics. What the plan does not include, or what cannot be read,
 * costs only its own part and is noted; a limit or an outage fails the whole, for the next provider has it all.
 */
export async function loadFundamentals(tiingo: Tiingo, symbol: string, signal: AbortSignal): Promise<Fundamentals> {
  const path = `/tiingo/fundamentals/${encodeURIComponent(coveredSymbol(symbol))}`
  const since = (days: number) => new Date(tiingo.now() - days * DAY_MS).toISOString().slice(0, 10)
  const statementQuery = { startDate: since(STATEMENT_DAYS), asReported: false, format: 'json' }
  const parts = await Promise.all([
    partOf(tiingo.rows(`${path}/statements`, statementQuery, WireStatements, signal)),
    partOf(tiingo.rows(`${path}/daily`, { startDate: since(METRIC_DAYS), format: 'json' }, WireMetrics, signal))
  ])
  const [statementRows, metricRows] = parts
  const reports = Array.isArray(statementRows)
    ? oncePer(statementRows, ({ date, quarter }) => `${date.slice(0, 10)} ${quarter}`).toSorted(newestFirst)
    : []
  const daily = Array.isArray(metricRows) ? metricRows.toSorted(newestFirst)[0] : undefined
  const statements = reports.map(parseStatement)
  const metrics = metricsIn(daily, reports[0])
  const failed = parts.find((part) => part instanceof ProviderError)
  if (statements.length === 0 && Object.keys(metrics).length === 0) {
    throw failed ?? new ProviderError('tiingo', 'not_found', `tiingo has no fundamentals of ${symbol}`)
  }
  return {
    symbol,
    statements,
    metrics,
    provenance: provenanceOf('tiingo', {
      feed: 'composite',
      receivedAt: tiingo.now(),
      notes: failed ? ['the vendor did not give all statements and metrics'] : []
    })
  }
}

function parseStatement(report: WireStatement): Statement {
  const lines: StatementLines = {}
  const { incomeStatement, balanceSheet, cashFlow } = report.statementData
  for (const { dataCode, value } of [incomeStatement, balanceSheet, cashFlow].flatMap(linesIn)) {
    const line = LINE_BY_CODE.get(dataCode)
    const amount = finite(value)
    if (line !== undefined && amount !== undefined) lines[line] = amount
  }
  return withoutAbsent({
    periodEnd: report.date.slice(0, 10),
    // Quarter 0 is the whole year.
    period: report.quarter === 0 ? 'annual' : 'quarterly',
    currency: currencyIn(report),
    lines
  })
}

/** In dollars, unless the report has a rate of exchange: which of its lines that was applied to, is not documented. */
function currencyIn(report: WireStatement): string | undefined {
  const rate = overviewOf(report, 'fxRate')
  return rate === undefined || rate === 1 ? CURRENCY : undefined
}

/** Ratios of the newest report are fractions: 0.17 for 17 %. Its `profitMargin` is the gross margin: not read. */
function metricsIn(daily: WireMetric | undefined, report: WireStatement | undefined): Fundamentals['metrics'] {
  const percent = (fraction: number | undefined) => rounded(fraction === undefined ? undefined : fraction * 100, 6)
  return withoutAbsent({
    marketCap: finite(daily?.marketCap),
    enterpriseValue: finite(daily?.enterpriseVal),
    peRatio: finite(daily?.peRatio),
    priceToBook: finite(daily?.pbRatio),
    pegRatio: finite(daily?.trailingPEG1Y),
    bookValuePerShare: overviewOf(report, 'bvps'),
    profitMarginPercent: percent(overviewOf(report, 'netMargin')),
    returnOnEquityPercent: percent(overviewOf(report, 'roe')),
    debtToEquity: overviewOf(report, 'debtEquity'),
    sharesOutstanding: finite(
      linesIn(report?.statementData.balanceSheet).find(({ dataCode }) => dataCode === 'sharesBasic')?.value
    )
  })
}

function overviewOf(report: WireStatement | undefined, code: string): number | undefined {
  return finite(linesIn(report?.statementData.overview).find(({ dataCode }) => dataCode === code)?.value)
}

/** A value is a number, or a text where the plan does not include it. */
function linesIn(part: unknown): Static<typeof WireLine>[] {
  return (Array.isArray(part) ? part : []).flatMap((line) => salvage(WireLines, line) ?? [])
}

function newestFirst(one: { date: string }, other: { date: string }): number {
  return one.date > other.date ? -1 : 1
}

const WireLine = Type.Object({ dataCode: Type.String(), value: Type.Optional(Type.Unknown()) })
const WireLines = Compile(WireLine)
/** Of lines. */
const Part = Type.Optional(Type.Unknown())

const WireStatement = Type.Object({
  date: DatedText,
  quarter: Type.Integer({ minimum: 0, maximum: 4 }),
  statementData: Type.Object({
    incomeStatement: Part,
    balanceSheet: Part,
    cashFlow: Part,
    overview: Part
  })
})
type WireStatement = Static<typeof WireStatement>
const WireStatements = Compile(WireStatement)

const WireMetric = Type.Object({
  date: DatedText,
  marketCap: Type.Optional(Type.Unknown()),
  enterpriseVal: Type.Optional(Type.Unknown()),
  peRatio: Type.Optional(Type.Unknown()),
  pbRatio: Type.Optional(Type.Unknown()),
  trailingPEG1Y: Type.Optional(Type.Unknown())
})
type WireMetric = Static<typeof WireMetric>
const WireMetrics = Compile(WireMetric)
