import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alphaVantage } from '../../src/providers/alpha-vantage/alpha-vantage.ts'
import { fmp } from '../../src/providers/fmp/fmp.ts'
import type { Capability, Provider } from '../../src/providers/provider.ts'
import { tiingo } from '../../src/providers/tiingo/tiingo.ts'
import { yahoo } from '../../src/providers/yahoo/yahoo.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { shippedHours } from '../support/hours.ts'

/** 11:00 in New York on a Wednesday. */
const NOW = Date.parse('2026-10-07T15:00:00Z')
const DAY_MS = 86_400_000
const signal = AbortSignal.timeout(60_000)

let sandbox: Sandbox
let providers: (Provider & { close(): Promise<void> })[]

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => NOW, alwaysOpen: false })
  const options = { apiKey: 'k', timeoutMs: 10_000, plan: 'standard', now: () => NOW } as const
  providers = [
    yahoo({ hoursOf: shippedHours, ...options, baseUrl: `${sandbox.url}/yahoo` }),
    fmp({ hoursOf: shippedHours, ...options, baseUrl: `${sandbox.url}/fmp` }),
    alphaVantage({ hoursOf: shippedHours, ...options, baseUrl: `${sandbox.url}/alpha-vantage` }),
    tiingo({ hoursOf: shippedHours, ...options, baseUrl: `${sandbox.url}/tiingo` })
  ]
})
afterAll(async () => {
  await Promise.all(providers.map((provider) => provider.close()))
  await sandbox.close()
})

const able = <C extends Capability>(capability: C) =>
  providers.filter((provider): provider is typeof provider & Required<Pick<Provider, C>> => capability in provider)
const simulated = (symbol: string) => sandbox.exchange.quote(sandbox.exchange.find(symbol)!)

describe('every vendor tells the same market through its real adapter', () => {
  test.each(['AAPL', 'BRK.B', 'NVDA', 'SPY'])('the quote of %s', async (symbol) => {
    const expected = simulated(symbol)
    for (const provider of able('quotes')) {
      const quote = (await provider.quotes([symbol], signal)).get(symbol)!
      expect(quote.price).toBeCloseTo(expected.price, 2)
      expect(quote.changePercent).toBeCloseTo(expected.changePercent, 2)
      expect(quote.previousClose).toBeCloseTo(expected.previousClose, 2)
      expect(quote.dayHigh).toBeCloseTo(expected.dayHigh, 2)
    }
  })

  test('a price in pence becomes pounds', async () => {
    const { price, marketCap } = simulated('OCDO.L')
    for (const provider of able('quotes').filter(({ name }) => name === 'yahoo' || name === 'fmp')) {
      const quote = (await provider.quotes(['OCDO.L'], signal)).get('OCDO.L')!
      expect(quote).toMatchObject({ currency: 'GBP' })
      expect(quote.price).toBeCloseTo(price / 100, 4)
      // FMP does not tell which unit a market value in London has, so the adapter leaves it out.
      if (quote.marketCap) expect(quote.marketCap / marketCap!).toBeCloseTo(1, 3)
    }
  })

  test.each([
    ['none', 10],
    ['splits', 1]
  ] as const)('daily bars over a split, adjusted: %s', async (adjusted, factor) => {
    const instrument = sandbox.exchange.find('NVDA')!
    const days = sandbox.exchange.dailyBars(instrument, '2024-06-05', '2024-06-12')
    const request = {
      symbol: 'NVDA',
      interval: '1d',
      from: days[0]!.start,
      to: days.at(-1)!.start + 1,
      adjusted
    } as const
    for (const provider of able('bars')) {
      const { bars } = await provider.bars(request, signal)
      expect(bars.map(({ start }) => start)).toEqual(days.map(({ session }) => session.date))
      expect(bars[0]!.close).toBeCloseTo((days[0]!.close / 10) * factor, 2)
      expect(bars.at(-1)!.close).toBeCloseTo(days.at(-1)!.close, 2)
    }
  })

  test('total return agrees among those that have it', async () => {
    const request = {
      symbol: 'KO',
      interval: '1d',
      from: NOW - 400 * DAY_MS,
      to: NOW - 300 * DAY_MS,
      adjusted: 'all'
    } as const
    const first = await Promise.all(
      able('bars').map(async (provider) => (await provider.bars(request, signal)).bars[0]!)
    )
    const plain = sandbox.exchange.dailyBars(sandbox.exchange.find('KO')!, first[0]!.start, first[0]!.start)[0]!
    for (const bar of first) {
      expect(bar.start).toBe(first[0]!.start)
      expect(bar.close).toBeCloseTo(first[0]!.close, 2)
      expect(bar.close).toBeLessThan(plain.close)
    }
  })

  test('half hours of yesterday', async () => {
    const from = Date.parse('2026-10-06T13:30:00Z')
    const to = Date.parse('2026-10-06T20:00:00Z')
    const instrument = sandbox.exchange.find('MSFT')!
    const expected = sandbox.exchange.intradayBars(instrument, { stepMinutes: 30, from, to, extendedHours: false })
    for (const provider of able('bars')) {
      const { bars } = await provider.bars({ symbol: 'MSFT', interval: '30m', from, to, adjusted: 'none' }, signal)
      expect(bars.map(({ start }) => Date.parse(start))).toEqual(expected.map(({ start }) => start))
      bars.forEach((bar, index) => expect(bar.close).toBeCloseTo(expected[index]!.close, 2))
    }
  })

  test('what a company earns, pays and splits', async () => {
    for (const provider of able('fundamentals')) {
      const { statements, metrics } = await provider.fundamentals('MSFT', signal)
      const year = statements.find(({ periodEnd, period }) => period === 'annual' && periodEnd === '2025-12-31')!
      const { revenue, grossProfit, costOfRevenue, operatingCashFlow, freeCashFlow, capitalExpenditure } = year.lines
      expect(revenue! - costOfRevenue!).toBe(grossProfit)
      expect(operatingCashFlow! + capitalExpenditure!).toBe(freeCashFlow)
      if (provider.name !== 'alpha-vantage') expect(metrics.peRatio).toBeGreaterThan(0)
    }
    for (const provider of able('splits')) {
      expect((await provider.splits('AAPL', signal)).splits.map(({ ratio }) => ratio)).toEqual([4, 7])
    }
    for (const provider of able('dividends')) {
      const { dividends } = await provider.dividends('KO', signal)
      expect(dividends.length).toBeGreaterThan(40)
      expect(dividends[0]!.exDate > dividends[1]!.exDate).toBe(true)
    }
  })

  test('profiles, news, search, lists and options', async () => {
    for (const provider of able('profile')) expect((await provider.profile('AAPL', signal)).name).toBe('Apple Inc.')
    for (const provider of able('news')) expect((await provider.news('AAPL', 5, signal)).items).toHaveLength(5)
    const ofMarket = able('marketNews')
    expect(ofMarket.map(({ name }) => name)).toEqual(['fmp', 'alpha-vantage', 'tiingo'])
    for (const provider of ofMarket) {
      const { items } = await provider.marketNews(20, signal)
      const instants = items.map(({ publishedAt }) => publishedAt)
      expect([instants.length, instants.toSorted().toReversed()]).toEqual([20, instants])
      expect(new Set(items.flatMap(({ symbols }) => symbols)).size).toBeGreaterThan(3)
    }
    for (const provider of able('search')) {
      expect((await provider.search('micro', 10, signal)).matches.map(({ symbol }) => symbol)).toContain('MSFT')
    }
    for (const provider of able('indices')) expect((await provider.indices(signal)).indices.length).toBeGreaterThan(4)
    for (const provider of able('sectors')) expect((await provider.sectors(signal)).sectors).toHaveLength(11)
    for (const provider of able('movers')) {
      const { movers } = await provider.movers('gainers', signal)
      expect(movers.every(({ changePercent }) => changePercent > 0 && changePercent < 100)).toBe(true)
      expect(movers.map(({ symbol }) => symbol)).not.toContain('SBXAX')
    }
    for (const provider of able('options')) {
      const { contracts, expiries } = await provider.options('AAPL', undefined, signal)
      expect(expiries.length).toBeGreaterThan(10)
      expect(contracts.length).toBeGreaterThan(30)
    }
  })

  test('a symbol that nobody lists', async () => {
    for (const provider of able('quotes')) expect((await provider.quotes(['NOSUCH'], signal)).size).toBe(0)
    for (const provider of able('bars')) {
      const request = { symbol: 'NOSUCH', interval: '1d', from: NOW - 9 * DAY_MS, to: NOW, adjusted: 'none' } as const
      await expect(provider.bars(request, signal)).rejects.toMatchObject({ kind: 'not_found' })
    }
  })
})
