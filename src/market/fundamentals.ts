import { Type, type Static } from 'typebox'
import { Provenance } from './provenance.ts'

/** The lines of a company's statements that every vendor can be read into; amounts in `currency`, units, not thousands. */
export const StatementLines = Type.Object({
  revenue: Type.Optional(Type.Number()),
  costOfRevenue: Type.Optional(Type.Number()),
  grossProfit: Type.Optional(Type.Number()),
  operatingExpenses: Type.Optional(Type.Number()),
  operatingIncome: Type.Optional(Type.Number()),
  ebitda: Type.Optional(Type.Number()),
  interestExpense: Type.Optional(Type.Number()),
  incomeTax: Type.Optional(Type.Number()),
  netIncome: Type.Optional(Type.Number()),
  epsBasic: Type.Optional(Type.Number()),
  epsDiluted: Type.Optional(Type.Number()),
  sharesDiluted: Type.Optional(Type.Number()),
  totalAssets: Type.Optional(Type.Number()),
  currentAssets: Type.Optional(Type.Number()),
  cash: Type.Optional(Type.Number()),
  inventory: Type.Optional(Type.Number()),
  totalLiabilities: Type.Optional(Type.Number()),
  currentLiabilities: Type.Optional(Type.Number()),
  totalDebt: Type.Optional(Type.Number()),
  longTermDebt: Type.Optional(Type.Number()),
  equity: Type.Optional(Type.Number()),
  retainedEarnings: Type.Optional(Type.Number()),
  operatingCashFlow: Type.Optional(Type.Number()),
  capitalExpenditure: Type.Optional(Type.Number({ description: 'Money spent, as a negative amount' })),
  freeCashFlow: Type.Optional(Type.Number()),
  dividendsPaid: Type.Optional(Type.Number({ description: 'Money spent, as a negative amount' }))
})
export type StatementLines = Static<typeof StatementLines>

export const StatementPeriod = Type.Enum(['annual', 'quarterly'])
export type StatementPeriod = Static<typeof StatementPeriod>

export const Statement = Type.Object({
  periodEnd: Type.String({ description: 'YYYY-MM-DD, last day of the fiscal period' }),
  period: StatementPeriod,
  currency: Type.Optional(Type.String()),
  filedOn: Type.Optional(Type.String({ description: 'YYYY-MM-DD' })),
  lines: StatementLines
})
export type Statement = Static<typeof Statement>

/** Newest period first. `metrics` are the vendor's own ratios under our names, as of the answer. */
export const Fundamentals = Type.Object(
  {
    symbol: Type.String(),
    statements: Type.Array(Statement),
    metrics: Type.Object({
      marketCap: Type.Optional(Type.Number()),
      enterpriseValue: Type.Optional(Type.Number()),
      peRatio: Type.Optional(Type.Number()),
      forwardPeRatio: Type.Optional(Type.Number()),
      pegRatio: Type.Optional(Type.Number()),
      priceToBook: Type.Optional(Type.Number()),
      epsTrailing: Type.Optional(Type.Number()),
      bookValuePerShare: Type.Optional(Type.Number()),
      beta: Type.Optional(Type.Number()),
      profitMarginPercent: Type.Optional(Type.Number()),
      returnOnEquityPercent: Type.Optional(Type.Number()),
      debtToEquity: Type.Optional(Type.Number({ description: '1.5 means debt is 1.5 times equity' })),
      dividendYieldPercent: Type.Optional(Type.Number()),
      sharesOutstanding: Type.Optional(Type.Number())
    }),
    provenance: Provenance
  },
  { $id: 'Fundamentals' }
)
export type Fundamentals = Static<typeof Fundamentals>
