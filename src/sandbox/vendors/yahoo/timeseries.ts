import { dayOfDate } from '../../calendar.ts'
import { statementsOf, type FullLines } from '../../statements.ts'
import type { Instrument } from '../../universe/instrument.ts'
import { json, type MarketView, type VendorAnswer, type VendorRequest } from '../vendor.ts'

const PERIOD_TYPES = { annual: '12M', quarterly: '3M' } as const

/** Yahoo's name of a line, without `annual` or `quarterly` in front. */
const LINES: Record<string, (lines: FullLines) => number> = {
  TotalRevenue: ({ revenue }) => revenue,
  OperatingRevenue: ({ revenue }) => revenue,
  CostOfRevenue: ({ costOfRevenue }) => costOfRevenue,
  GrossProfit: ({ grossProfit }) => grossProfit,
  ResearchAndDevelopment: ({ researchAndDevelopment }) => researchAndDevelopment,
  OperatingExpense: ({ operatingExpenses }) => operatingExpenses,
  OperatingIncome: ({ operatingIncome }) => operatingIncome,
  EBIT: ({ operatingIncome }) => operatingIncome,
  EBITDA: ({ ebitda }) => ebitda,
  NormalizedEBITDA: ({ ebitda }) => ebitda,
  ReconciledDepreciation: ({ depreciation }) => depreciation,
  InterestExpense: ({ interestExpense }) => interestExpense,
  PretaxIncome: ({ pretaxIncome }) => pretaxIncome,
  TaxProvision: ({ incomeTax }) => incomeTax,
  NetIncome: ({ netIncome }) => netIncome,
  NetIncomeCommonStockholders: ({ netIncome }) => netIncome,
  BasicEPS: ({ epsBasic }) => epsBasic,
  DilutedEPS: ({ epsDiluted }) => epsDiluted,
  BasicAverageShares: ({ sharesDiluted }) => Math.round(sharesDiluted * 0.995),
  DilutedAverageShares: ({ sharesDiluted }) => sharesDiluted,
  TotalAssets: ({ totalAssets }) => totalAssets,
  CurrentAssets: ({ currentAssets }) => currentAssets,
  CashAndCashEquivalents: ({ cash }) => cash,
  CashCashEquivalentsAndShortTermInvestments: ({ cash }) => cash,
  Inventory: ({ inventory }) => inventory,
  TotalLiabilitiesNetMinorityInterest: ({ totalLiabilities }) => totalLiabilities,
  CurrentLiabilities: ({ currentLiabilities }) => currentLiabilities,
  TotalDebt: ({ totalDebt }) => totalDebt,
  LongTermDebt: ({ longTermDebt }) => longTermDebt,
  StockholdersEquity: ({ equity }) => equity,
  CommonStockEquity: ({ equity }) => equity,
  RetainedEarnings: ({ retainedEarnings }) => retainedEarnings,
  OrdinarySharesNumber: ({ sharesDiluted }) => sharesDiluted,
  OperatingCashFlow: ({ operatingCashFlow }) => operatingCashFlow,
  CapitalExpenditure: ({ capitalExpenditure }) => capitalExpenditure,
  FreeCashFlow: ({ freeCashFlow }) => freeCashFlow,
  CashDividendsPaid: ({ dividendsPaid }) => dividendsPaid
}

/** One series per asked type; a type that the company does not report has its `meta` only. */
export function fundamentalsTimeSeries(
  request: VendorRequest,
  market: MarketView,
  instrument: Instrument | undefined,
  symbol: string
): VendorAnswer {
  const types = (request.query.get('type') ?? '').split(',').filter(Boolean)
  const [from, to] = [Number(request.query.get('period1') ?? 0), Number(request.query.get('period2') ?? Infinity)]
  const result = types.map((type) => {
    const [, period, line = ''] = /^(annual|quarterly)(.+)$/.exec(type) ?? []
    const value = LINES[line]
    const meta = { symbol: [symbol], type: [type] }
    if (!value || !instrument || (period !== 'annual' && period !== 'quarterly')) return { meta }
    const statements = statementsOf(market, instrument, period, request.at)
      .map((statement) => ({ ...statement, time: dayOfDate(statement.periodEnd) * 86_400 }))
      .filter(({ time }) => time >= from && time <= to)
      .toReversed()
    if (statements.length === 0) return { meta }
    return {
      meta,
      timestamp: statements.map(({ time }) => time),
      [type]: statements.map(({ periodEnd, currency, lines }) => ({
        dataId: 20_000,
        asOfDate: periodEnd,
        periodType: PERIOD_TYPES[period],
        currencyCode: currency,
        reportedValue: { raw: value(lines), fmt: shortened(value(lines)) }
      }))
    }
  })
  return json({ timeseries: { result, error: null } })
}

function shortened(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e9) return `${(value / 1e9).toFixed(2)}B`
  return size >= 1e6 ? `${(value / 1e6).toFixed(2)}M` : value.toFixed(2)
}
