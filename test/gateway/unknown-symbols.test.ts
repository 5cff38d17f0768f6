import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { sellsFewCalls, parseBudget } from '../../src/gateway/budget.ts'
import type { BarRequest } from '../../src/market/bar.ts'
import { ProviderError, type NotCoveredBy, type Provider, type ProviderName } from '../../src/providers/provider.ts'
import { testRedis, type TestRedis } from '../support/services.ts'
import { marketOf, quoteProvider } from './market.ts'

const ask = { priority: 'interactive' } as const
const MANY = '2000/minute, 100000/day'
const FEW = '5/minute, 500/day'

let server: TestRedis
const open: Gateway[] = []
beforeAll(async () => {
  server = await testRedis()
})
afterAll(() => server.close())
beforeEach(() => server.redis.flushdb())
afterEach(() => {
  for (const gateway of open.splice(0)) gateway.close()
})

function gatewayOf(providers: Provider[], budgets: Partial<Record<ProviderName, string>> = {}): Gateway {
  const gateway = createGateway(marketOf({ redis: server.redis, providers, budgets }))
  open.push(gateway)
  return gateway
}

test.each([
  ['2000/minute, 100000/day', false],
  ['250/minute, 10000/day', false],
  ['1000/minute, 50000/day', false],
  ['5/minute, 500/day', true],
  ['1/second, 25/day', true],
  ['250/minute, 250/day', true],
  ['50/hour, 1000/day, 500 symbols/month', true]
])('a vendor that sells %s is spared: %s', (budget, isSpared) => {
  expect(sellsFewCalls(parseBudget(budget))).toBe(isSpared)
})

describe('a symbol that two vendors of many calls do not know', () => {
  const deniers = () => [quoteProvider('yahoo', {}), quoteProvider('fmp', {})]
  const budgets = { yahoo: MANY, fmp: MANY, 'alpha-vantage': FEW, tiingo: MANY }

  test('costs a vendor of few calls nothing, and the answer says that it was not asked', async () => {
    const [few, last] = [quoteProvider('alpha-vantage', {}), quoteProvider('tiingo', {})]
    const answer = (await gatewayOf([...deniers(), few, last], budgets).quotes(['XQZW'], ask)).get('XQZW')
    expect(answer).toMatchObject({
      code: 'SYMBOL_NOT_FOUND',
      details: {
        attempts: [
          { provider: 'yahoo', outcome: 'not_found' },
          { provider: 'fmp', outcome: 'not_found' },
          { provider: 'alpha-vantage', outcome: 'not_asked', detail: expect.stringContaining('sells few calls') },
          { provider: 'tiingo', outcome: 'not_found' }
        ]
      }
    })
    expect([few.asked, last.asked.length]).toEqual([[], 1])
  })

  test('is still asked of it where only one of them could be asked', async () => {
    const few = quoteProvider('alpha-vantage', { XQZW: 5 })
    const answers = await gatewayOf([deniers()[0]!, few], budgets).quotes(['XQZW'], ask)
    expect(answers.get('XQZW')).toMatchObject({ price: 5, provenance: { source: 'alpha-vantage' } })
  })
})

describe('bars that one vendor does not have', () => {
  const request: BarRequest = { symbol: 'AAPL', interval: '1m', adjusted: 'splits', from: 0, to: 60_000 }
  const barsProvider = (
    name: ProviderName,
    kind: 'not_found' | 'not_covered',
    notCoveredBy?: NotCoveredBy
  ): Provider => ({
    name,
    maxQuotesPerRequest: 1,
    covers: () => true,
    bars: () => Promise.reject(new ProviderError(name, kind, 'no', notCoveredBy && { notCoveredBy }))
  })
  const errorOf = (...providers: Provider[]) =>
    gatewayOf(providers)
      .bars(request, ask)
      .catch((error: unknown) => error)

  test('for this range are not of an unknown symbol, whatever the others say', async () => {
    const error = await errorOf(barsProvider('yahoo', 'not_covered', 'request'), barsProvider('fmp', 'not_found'))
    expect(error).toMatchObject({ code: 'NOT_COVERED', statusCode: 404, isUnconfirmed: true })
  })

  test('on this plan say nothing of the symbol', async () => {
    const error = await errorOf(barsProvider('yahoo', 'not_covered', 'plan'), barsProvider('fmp', 'not_found'))
    expect(error).toMatchObject({ code: 'SYMBOL_NOT_FOUND' })
  })
})

test('what one asked vendor does not know, while the others cannot be asked, is not yet unknown', async () => {
  const down = quoteProvider('fmp', () => Promise.reject(new ProviderError('fmp', 'unavailable', 'down')))
  const answers = await gatewayOf([quoteProvider('yahoo', {}), down]).quotes(['XQZW'], ask)
  expect(answers.get('XQZW')).toMatchObject({ code: 'MARKET_DATA_UNAVAILABLE', isUnconfirmed: true })
})
