// https://www.alphavantage.co/documentation/#income-statement, #balance-sheet and #cash-flow
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Fundamentals, Statement, StatementLines, StatementPeriod } from '../../market/fundamentals.ts'
import { withoutAbsent } from '../../market/absent.ts'
import { currencyOf, provenanceOf, textOf } from '../parse.ts'
import { ProviderError } from '../provider.ts'
import { partOf } from '../rows.ts'
import { isRecord } from '../salvage.ts'
import { PROVIDER, refused, type AlphaVantageClient } from './client.ts'
import { isAbout, type Listing } from './listing.ts'
import { dateOf, numberOf } from './wire-value.ts'

const FUNCTIONS = ['INCOME_STATEMENT', 'BALANCE_SHEET', 'CASH_FLOW'] as const

/** Upstream requests of one call. */
export const FUNDAMENTALS_COST = FUNCTIONS.length

type Line = keyof StatementLines

/** Our lines under the vendor's names, of whichever statement has them. */
const LINES: Partial<Record<Line, string>> = {
  revenue: 'totalRevenue',
  costOfRevenue: 'costOfRevenue',
  grossProfit: 'grossProfit',
  operatingExpenses: 'operatingExpenses',
  operatingIncome: 'operatingIncome',
  ebitda: 'ebitda',
  interestExpense: 'interestExpense',
  incomeTax: 'incomeTaxExpense',
  netIncome: 'netIncome',
  totalAssets: 'totalAssets',
  currentAssets: 'totalCurrentAssets',
  cash: 'cashAndCashEquivalentsAtCarryingValue',
  inventory: 'inventory',
  totalLiabilities: 'totalLiabilities',
  currentLiabilities: 'totalCurrentLiabilities',
  totalDebt: 'shortLongTermDebtTotal',
  longTermDebt: 'longTermDebt',
  equity: 'totalShareholderEquity',
  retainedEarnings: 'retainedEarnings',
  operatingCashFlow: 'operatingCashflow'
}

/**
 * Annual and quarterly statements, newest first: one row per period, joined from three answers. A statement that the
 * vendor does not have (a fund's balance sheet) is noted; none at all is `not_found`.
 */
export async function fundamentals(
  client: AlphaVantageClient,
  symbol: string,
  listing: Listing,
  signal: AbortSignal,
  now: () => number
): Promise<Fundamentals> {
  const answers = await Promise.all(
    FUNCTIONS.map((name) =>
      partOf(client.ask(name, { symbol: listing.wire }, WireStatements, `${name} of ${symbol}`, signal))
    )
  )
  const found = answers.flatMap((each) => (each instanceof ProviderError ? [] : each))
  const failed = answers.find((each) => each instanceof ProviderError)
  if (found.length === 0) throw failed ?? refused('not_found', `does not know statements of ${symbol}`)
  if (found.some((each) => !isAbout(listing, each.symbol))) {
    throw refused('bad_payload', `sent the statements of another company than ${symbol}`)
  }
  const reports = (list: unknown) => (Array.isArray(list) ? list.filter(isRecord) : [])
  const statements = [
    ...joined(
      'annual',
      found.map((each) => reports(each.annualReports))
    ),
    ...joined(
      'quarterly',
      found.map((each) => reports(each.quarterlyReports))
    )
  ]
  if (statements.length === 0) throw failed ?? refused('not_covered', `has no statements of ${symbol}`)
  return {
    symbol,
    statements: statements.sort((a, b) => b.periodEnd.localeCompare(a.periodEnd)),
    metrics: {},
    provenance: provenanceOf(PROVIDER, {
      feed: 'composite',
      receivedAt: now(),
      notes: FUNCTIONS.filter((_, index) => answers[index] instanceof ProviderError).map(
        (name) => `the vendor gave no ${name} of this company`
      )
    })
  }
}

function joined(period: StatementPeriod, reports: readonly WireReport[][]): Statement[] {
  const periods = new Map<string, WireReport>()
  for (const report of reports.flat()) {
    const end = dateOf(report['fiscalDateEnding'])
    // The first statement that tells a line tells it: net income stands in two of them.
    const told = Object.entries(report).filter(([, value]) => numberOf(value) !== undefined || textOf(value))
    if (end) periods.set(end, { ...Object.fromEntries(told), ...periods.get(end) })
  }
  return [...periods].map(([periodEnd, report]) => {
    const currency = currencyOf(report['reportedCurrency'])
    return { periodEnd, period, ...(currency && { currency }), lines: linesOf(report) }
  })
}

function linesOf(report: WireReport): StatementLines {
  const named = Object.fromEntries(Object.entries(LINES).map(([line, name]) => [line, numberOf(report[name])]))
  const operating = numberOf(report['operatingCashflow'])
  const capitalExpenditure = spent(report['capitalExpenditures'])
  const freeCashFlow =
    operating === undefined || capitalExpenditure === undefined ? undefined : operating + capitalExpenditure
  const dividendsPaid = spent(report['dividendPayout'])
  return withoutAbsent({ ...named, capitalExpenditure, freeCashFlow, dividendsPaid })
}

/** The vendor counts money spent as a positive amount, for some companies as a negative one; ours is negative. */
function spent(text: unknown): number | undefined {
  const amount = numberOf(text)
  return amount === undefined ? undefined : 0 - Math.abs(amount)
}

/** `fiscalDateEnding`, `reportedCurrency` and the lines; texts, `None` where the company reports no such line. */
type WireReport = Record<string, unknown>

const WireStatements = Compile(
  Type.Object({
    symbol: Type.String(),
    annualReports: Type.Optional(Type.Unknown()),
    quarterlyReports: Type.Optional(Type.Unknown())
  })
)
