import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Fundamentals, Statement, StatementLines, StatementPeriod } from '../../market/fundamentals.ts'
import { withoutAbsent } from '../../market/absent.ts'
import { DAY_MS } from '../../market/time.ts'
import { currencyOf, finite, positive, provenanceOf } from '../parse.ts'
import { ProviderError, type ProviderErrorKind } from '../provider.ts'
import { salvage } from '../salvage.ts'
import { DatedText } from '../session-dates.ts'
import { percentOf } from './prices.ts'
import type { YahooClient } from './client.ts'
import { capitalisationOf, fetchSummary, type Summary } from './summary.ts'
import { toYahooSymbol } from './symbols.ts'
import { valuationOf } from './valuation.ts'
import { listOf, memberOf, WireText } from './wire.ts'

const TIMESERIES_URL = 'https://query1.finance.yahoo.com/ws/fundamentals-timeseries/v1/finance/timeseries/'
const METRIC_MODULES = ['price', 'summaryDetail', 'defaultKeyStatistics', 'financialData'] as const
/** Yahoo keeps four or five years; it wants a period all the same. */
const YEARS_BACK_MS = 10 * 365 * DAY_MS

/** Our lines as Yahoo names them. Statements in its summary would be fewer: most of their lines are false zeros. */
const LINES: Record<keyof StatementLines, string> = {
  revenue: 'TotalRevenue',
  costOfRevenue: 'CostOfRevenue',
  grossProfit: 'GrossProfit',
  operatingExpenses: 'OperatingExpense',
  operatingIncome: 'OperatingIncome',
  ebitda: 'EBITDA',
  interestExpense: 'InterestExpense',
  incomeTax: 'TaxProvision',
  netIncome: 'NetIncome',
  epsBasic: 'BasicEPS',
  epsDiluted: 'DilutedEPS',
  sharesDiluted: 'DilutedAverageShares',
  totalAssets: 'TotalAssets',
  currentAssets: 'CurrentAssets',
  cash: 'CashAndCashEquivalents',
  inventory: 'Inventory',
  totalLiabilities: 'TotalLiabilitiesNetMinorityInterest',
  currentLiabilities: 'CurrentLiabilities',
  totalDebt: 'TotalDebt',
  longTermDebt: 'LongTermDebt',
  equity: 'StockholdersEquity',
  retainedEarnings: 'RetainedEarnings',
  operatingCashFlow: 'OperatingCashFlow',
  capitalExpenditure: 'CapitalExpenditure',
  freeCashFlow: 'FreeCashFlow',
  dividendsPaid: 'CashDividendsPaid'
}
const PERIODS: readonly StatementPeriod[] = ['annual', 'quarterly']
const LINE_BY_TYPE = new Map(
  PERIODS.flatMap((period) =>
    Object.entries(LINES).map(
      ([line, name]) => [period + name, { period, line: line as keyof StatementLines }] as const
    )
  )
)

/** Kinds of failure that one half of the fundamentals may have without costing the other. */
const TOLERABLE: ReadonlySet<ProviderErrorKind> = new Set(['not_found', 'not_covered', 'bad_payload'])

/**
 * Statements from the time series and metrics from the summary, asked at once. Where Yahoo has only one of them, that
 * one, with a note; rejects with ProviderError('not_covered') where it has neither.
 */
export async function fetchFundamentals(
  client: YahooClient,
  symbol: string,
  signal: AbortSignal,
  now: () => number
): Promise<Fundamentals> {
  const [statements, metrics] = await Promise.all([
    tolerated(fetchStatements(client, symbol, signal, now())),
    tolerated(fetchSummary(client, symbol, METRIC_MODULES, signal).then((summary) => metricsOf(symbol, summary)))
  ])
  const failure = [statements, metrics].find((half) => half instanceof ProviderError)
  const found = {
    statements: statements instanceof ProviderError ? [] : statements,
    metrics: metrics instanceof ProviderError ? {} : metrics
  }
  if (found.statements.length === 0 && Object.keys(found.metrics).length === 0) {
    throw failure ?? new ProviderError('yahoo', 'not_covered', `yahoo has no fundamentals of ${symbol}`)
  }
  return {
    symbol,
    ...found,
    provenance: provenanceOf('yahoo', {
      feed: 'composite',
      receivedAt: now(),
      notes: [failure && `${statements === failure ? 'statements' : 'metrics'} left out: ${failure.message}`]
    })
  }
}

async function tolerated<T>(half: Promise<T>): Promise<T | ProviderError> {
  try {
    return await half
  } catch (error) {
    if (error instanceof ProviderError && TOLERABLE.has(error.kind)) return error
    throw error
  }
}

async function fetchStatements(
  client: YahooClient,
  symbol: string,
  signal: AbortSignal,
  now: number
): Promise<Statement[]> {
  const answer = await client.ask(
    {
      url: TIMESERIES_URL + encodeURI(toYahooSymbol(symbol)),
      query: {
        type: [...LINE_BY_TYPE.keys()].join(','),
        period1: Math.floor((now - YEARS_BACK_MS) / 1000),
        period2: Math.ceil(now / 1000)
      }
    },
    signal
  )
  const series = memberOf(memberOf(answer, 'timeseries'), 'result')
  if (!Array.isArray(series)) throw new ProviderError('yahoo', 'bad_payload', 'yahoo sent no series of statements')
  return statementsOf(series)
}

/** Each series holds one line, under a member that is named by its type; a line that Yahoo lacks has only its meta. */
function statementsOf(series: unknown[]): Statement[] {
  const statements = new Map<string, Statement>()
  for (const entry of series) {
    for (const [type, target] of LINE_BY_TYPE) {
      for (const point of listOf(memberOf(entry, type))) {
        const wire = salvage(Point, point)
        const amount = finite(memberOf(wire?.reportedValue, 'raw') ?? wire?.reportedValue)
        if (!wire || amount === undefined) continue
        const statement = statementFor(statements, target.period, wire.asOfDate.slice(0, 10))
        statement.lines[target.line] = amount
        const currency = currencyOf(wire.currencyCode)
        if (currency) statement.currency ??= currency
      }
    }
  }
  return [...statements.values()].sort((a, b) => b.periodEnd.localeCompare(a.periodEnd))
}

function statementFor(statements: Map<string, Statement>, period: StatementPeriod, periodEnd: string): Statement {
  const key = `${period} ${periodEnd}`
  const known = statements.get(key)
  if (known) return known
  const statement: Statement = { periodEnd, period, lines: {} }
  statements.set(key, statement)
  return statement
}

function metricsOf(symbol: string, summary: Summary) {
  const { summaryDetail, defaultKeyStatistics: statistics, financialData } = summary
  const debtToEquityPercent = finite(financialData.debtToEquity)
  return withoutAbsent<Fundamentals['metrics']>({
    marketCap: capitalisationOf(symbol, summary),
    ...valuationOf(symbol, summary),
    pegRatio: finite(statistics.pegRatio),
    beta: finite(summaryDetail.beta) ?? finite(statistics.beta),
    profitMarginPercent: percentOf(financialData.profitMargins ?? statistics.profitMargins),
    returnOnEquityPercent: percentOf(financialData.returnOnEquity),
    debtToEquity: debtToEquityPercent === undefined ? undefined : debtToEquityPercent / 100,
    dividendYieldPercent: percentOf(summaryDetail.dividendYield ?? summaryDetail.yield),
    sharesOutstanding: positive(statistics.sharesOutstanding)
  })
}

const Point = Compile(
  Type.Object({
    asOfDate: DatedText,
    currencyCode: WireText,
    reportedValue: Type.Optional(Type.Unknown()) // wrapped as {raw, fmt}
  })
)
