import assert from 'node:assert/strict'
import { countryNamed } from '../../src/market/country.ts'
import type { Fundamentals } from '../../src/market/fundamentals.ts'
import type { Profile } from '../../src/market/profile.ts'
import { sectorNamed } from '../../src/market/sector.ts'
import type { Recording } from '../../src/sandbox/recording.ts'
import { near, same, textIn, unitOf } from './checks.ts'
import { planForeign } from './foreign.ts'
import type { Ask, Plan, Refusal } from './harness.ts'
import { unwrapped, type Row } from './yahoo-wire.ts'

/** Modules by the capability that reads them. */
const PROFILE_MODULES = ['assetProfile', 'quoteType', 'price', 'summaryDetail']
const METRIC_MODULES = ['defaultKeyStatistics', 'financialData']

type Modules = Record<string, Row | undefined>

/** A summary is asked for by its modules; each tells a part of a profile or of the metrics. */
export function planSummary(recording: Recording, symbol: string, body: Row, refusal: Refusal): Plan {
  const asked = (recording.url.searchParams.get('modules') ?? '').split(',')
  const summary = body['quoteSummary'] as { result?: Modules[] } | undefined
  const modules = summary?.result?.[0] ?? {}
  const asks: Ask[] = []
  if (asked.some((each) => PROFILE_MODULES.includes(each))) asks.push(profile(symbol, modules))
  if (!refusal && asked.some((each) => METRIC_MODULES.includes(each))) asks.push(metrics(symbol, modules))
  if (asks.length === 0) return planForeign(recording, `no capability asks the module ${asked.join(', ')}`)
  return { asks }
}

function profile(symbol: string, { assetProfile = {}, quoteType = {}, price = {}, summaryDetail = {} }: Modules): Ask {
  return {
    capability: 'profile',
    run: (provider, signal) => provider.profile!(symbol, signal),
    check(value: Profile) {
      assert.equal(value.symbol, symbol)
      const name = [
        price['longName'],
        quoteType['longName'],
        assetProfile['name'],
        price['shortName'],
        quoteType['shortName']
      ]
      assert.equal(
        value.name,
        name.map(textIn).find((each) => each !== undefined)
      )
      assert.equal(value.sector, sectorNamed(textIn(assetProfile['sector'])))
      assert.equal(value.industry, textIn(assetProfile['industry']))
      assert.equal(value.country, countryNamed(textIn(assetProfile['country'])))
      same(value.employees, unwrapped(assetProfile['fullTimeEmployees']) || undefined, 'employees')
      const officers = (assetProfile['companyOfficers'] as { name?: string }[] | undefined) ?? []
      assert.equal(value.officers?.length ?? 0, Math.min(50, officers.filter((each) => textIn(each.name)).length))
      const code = (price['currency'] ?? summaryDetail['currency']) as string | undefined
      assert.equal(value.currency, unitOf(code).currency)
      // The capitalisation is in the major unit even where the price is in pence.
      same(
        value.marketCap,
        unwrapped(price['marketCap']) || unwrapped(summaryDetail['marketCap']) || undefined,
        'market capitalisation'
      )
      const dividendYield = unwrapped(summaryDetail['dividendYield'] ?? summaryDetail['yield'])
      same(value.dividendYieldPercent, dividendYield === undefined ? undefined : dividendYield * 100, 'yield', 1e-4)
    }
  }
}

/** What of these modules is a metric of ours; of a fund there may be none. */
const METRIC_MEMBERS =
  /^(enterpriseValue|forwardPE|pegRatio|priceToBook|bookValue|trailingEps|beta|profitMargins|sharesOutstanding|returnOnEquity|debtToEquity)$/

function metrics(symbol: string, { defaultKeyStatistics: statistics = {}, financialData = {} }: Modules): Ask {
  const members = Object.entries({ ...statistics, ...financialData })
  const isTold = members.some(([name, value]) => METRIC_MEMBERS.test(name) && unwrapped(value) !== undefined)
  return {
    capability: 'fundamentals',
    ...(!isTold && { refusal: ['not_covered'] }),
    run: (provider, signal) => provider.fundamentals!(symbol, signal),
    check({ metrics: value }: Fundamentals) {
      same(value.enterpriseValue, unwrapped(statistics['enterpriseValue']), 'enterprise value')
      same(value.priceToBook, unwrapped(statistics['priceToBook']), 'price to book')
      same(value.bookValuePerShare, unwrapped(statistics['bookValue']), 'book value')
      same(value.epsTrailing, unwrapped(statistics['trailingEps']), 'earnings per share')
      same(value.sharesOutstanding, unwrapped(statistics['sharesOutstanding']) || undefined, 'shares')
      const equity = unwrapped(financialData['returnOnEquity'])
      same(value.returnOnEquityPercent, equity === undefined ? undefined : equity * 100, 'return on equity', 1e-4)
      const debt = unwrapped(financialData['debtToEquity'])
      same(value.debtToEquity, debt === undefined ? undefined : debt / 100, 'debt to equity', 1e-4)
    }
  }
}

/** Lines whose name leaves no doubt what they mean. */
const LINES = {
  TotalRevenue: 'revenue',
  GrossProfit: 'grossProfit',
  OperatingIncome: 'operatingIncome',
  NetIncome: 'netIncome',
  DilutedEPS: 'epsDiluted',
  TotalAssets: 'totalAssets',
  StockholdersEquity: 'equity',
  TotalDebt: 'totalDebt',
  Inventory: 'inventory',
  OperatingCashFlow: 'operatingCashFlow',
  FreeCashFlow: 'freeCashFlow'
} as const

type Point = { asOfDate: string; currencyCode?: string; reportedValue?: { raw?: unknown } } | null

/** Statements come line by line, each a series of its own; null stands for a period without the line. */
export function planStatements(recording: Recording, symbol: string, body: Row, refusal: Refusal): Plan {
  const series = (body['timeseries'] as { result?: Record<string, Point[]>[] } | undefined)?.result ?? []
  const expected = series.flatMap((each) =>
    Object.entries(each).flatMap(([type, points]) => {
      const [, period, name] = /^(annual|quarterly)(\w+)$/.exec(type) ?? []
      const line = LINES[name as keyof typeof LINES]
      if (!line || !Array.isArray(points)) return []
      return points.flatMap((point) => {
        const raw = point?.reportedValue?.raw
        return point && typeof raw === 'number'
          ? [{ period, line, periodEnd: point.asOfDate, raw, currency: point.currencyCode }]
          : []
      })
    })
  )
  const ask: Ask = {
    capability: 'fundamentals',
    run: (provider, signal) => provider.fundamentals!(symbol, signal),
    check(value: Fundamentals) {
      for (const { period, line, periodEnd, raw, currency } of expected) {
        const statement = value.statements.find((each) => each.period === period && each.periodEnd === periodEnd)
        near(statement?.lines[line], raw, `${line} of ${periodEnd} (${period})`)
        if (line !== 'epsDiluted') assert.equal(statement?.currency, currency)
      }
      const ends = value.statements.map((each) => each.periodEnd)
      assert.deepEqual(ends, [...ends].sort().toReversed(), 'newest first')
    }
  }
  if (!refusal && expected.length === 0) return planForeign(recording, 'none of its lines is one that we read')
  return { asks: [ask] }
}
