import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { createGateway } from '../../src/gateway/gateway.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/alpha-vantage.ts'
import { fmp } from '../../src/providers/fmp/fmp.ts'
import type { Capability, Provider } from '../../src/providers/provider.ts'
import { tiingo } from '../../src/providers/tiingo/tiingo.ts'
import { yahoo } from '../../src/providers/yahoo/yahoo.ts'
import { json, vendorServer } from '../providers/vendor-server.ts'
import { COOKIES, CRUMB } from '../providers/yahoo-stand-in.ts'
import { testRedis, type TestRedis } from '../support/services.ts'
import { marketOf } from './market.ts'
import { shippedHours } from '../support/hours.ts'

const ask = { priority: 'interactive' } as const
const connection = { apiKey: 'k', timeoutMs: 1000, plan: 'standard' } as const

let server: TestRedis
beforeAll(async () => {
  server = await testRedis()
})
afterAll(() => server.close())
beforeEach(() => server.redis.flushdb())

type Closable = Provider & { close(): Promise<void> }
type Case = { make: (baseUrl: string) => Closable; unknown: unknown; uncovered: [Capability, string][] }

const CASES: Record<string, Case> = {
  yahoo: {
    make: (baseUrl) => yahoo({ hoursOf: shippedHours, baseUrl, timeoutMs: 1000 }),
    unknown: { quoteResponse: { result: [] } },
    uncovered: [
      ['quotes', 'MCX:GOLD'],
      ['fundamentals', '^GSPC'],
      ['fundamentals', 'EURUSD=X']
    ]
  },
  fmp: {
    make: (baseUrl) => fmp({ hoursOf: shippedHours, ...connection, baseUrl }),
    unknown: [],
    uncovered: [
      ['quotes', 'ES=F'],
      ['profile', 'MCX:GOLD'],
      ['news', 'ABC.ZZ']
    ]
  },
  'alpha-vantage': {
    make: (baseUrl) => alphaVantage({ hoursOf: shippedHours, ...connection, baseUrl }),
    unknown: { 'Global Quote': {} },
    uncovered: [
      ['quotes', '^GSPC'],
      ['quotes', 'BTC-USD'],
      ['splits', 'NSE:RELIANCE'],
      ['options', 'OCDO.L']
    ]
  },
  tiingo: {
    make: (baseUrl) => tiingo({ hoursOf: shippedHours, ...connection, baseUrl }),
    unknown: [],
    uncovered: [
      ['quotes', '^GSPC'],
      ['quotes', 'EURUSD=X'],
      ['dividends', 'OCDO.L']
    ]
  }
}

describe.each(Object.entries(CASES))('%s', (name, { make, unknown, uncovered }) => {
  async function open() {
    const vendor = await vendorServer(({ path }) => {
      if (path === '/quote/AAPL') return { ...COOKIES, body: '' }
      return path === '/v1/test/getcrumb' ? { ...CRUMB, body: 'AbC/.fGhIjK' } : json(unknown)
    })
    const provider = make(vendor.url)
    const gateway = createGateway(
      marketOf({ redis: server.redis, providers: [provider], budgets: { [name]: '1000/day, 500 symbols/month' } })
    )
    onTestFinished(async () => {
      gateway.close()
      await provider.close()
    })
    const spent = async () => (await gateway.status())[0]!.budget.map(({ used }) => used)
    return { gateway, provider, vendor, spent }
  }

  test.each(uncovered)('spends no budget on %s of %s, which it cannot have', async (capability, symbol) => {
    const { gateway, provider, vendor, spent } = await open()
    expect(provider.covers(symbol, capability)).toBe(false)
    const error = await askFor(gateway, capability, symbol)
    expect(error).toMatchObject({
      statusCode: 404,
      code: 'NOT_COVERED',
      details: { attempts: [{ provider: name, outcome: 'not_covered' }] }
    })
    expect([vendor.asked, await spent()]).toEqual([[], [0, 0]])
  })

  test('tells the same of a symbol alone as in a batch with covered ones', async () => {
    const [, symbol] = uncovered.find(([capability]) => capability === 'quotes')!
    const { gateway, spent } = await open()
    const alone = (await gateway.quotes([symbol], ask)).get(symbol)
    const mixed = await gateway.quotes(['ZZZZ', symbol], ask)
    expect(mixed.get(symbol)).toEqual(alone)
    expect(mixed.get(symbol)).toMatchObject({ code: 'NOT_COVERED' })
    expect(mixed.get('ZZZZ')).toMatchObject({
      code: 'SYMBOL_NOT_FOUND',
      details: { attempts: [{ outcome: 'not_found' }] }
    })
    expect((await spent())[1]).toBe(1)
  })
})

/** The error of a capability that takes a symbol. */
async function askFor(gateway: ReturnType<typeof createGateway>, capability: Capability, symbol: string) {
  if (capability === 'quotes') return (await gateway.quotes([symbol], ask)).get(symbol)
  const calls: Partial<Record<Capability, () => Promise<unknown>>> = {
    profile: () => gateway.profile(symbol, ask),
    news: () => gateway.news(symbol, 5, ask),
    fundamentals: () => gateway.fundamentals(symbol, ask),
    options: () => gateway.options(symbol, undefined, ask),
    splits: () => gateway.splits(symbol, ask),
    dividends: () => gateway.dividends(symbol, ask)
  }
  return calls[capability]!().catch((error: unknown) => error)
}
