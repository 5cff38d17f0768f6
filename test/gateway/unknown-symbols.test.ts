import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { sellsFewCalls, parseBudget } from '../../src/gateway/budget.ts'
import type { ApiError } from '../../src/errors.ts'
import type { BarRequest } from '../../src/market/bar.ts'
import { MarketHours } from '../../src/market/market-hours.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/alpha-vantage.ts'
import { fmp } from '../../src/providers/fmp/fmp.ts'
import { ProviderError, type NotCoveredBy, type Provider, type ProviderName } from '../../src/providers/provider.ts'
import { tiingo } from '../../src/providers/tiingo/tiingo.ts'
import { shippedHours } from '../support/hours.ts'
import { testRedis, type TestRedis } from '../support/services.ts'
import { alwaysOpen, marketOf, quoteProvider } from './market.ts'

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

test('whoever asks for an ISIN is told what a symbol is, and no budget is spent where none is known', async () => {
  const options = { apiKey: 'k', timeoutMs: 1000, plan: 'standard', hoursOf: shippedHours } as const
  const isinless = [fmp(options), alphaVantage(options), tiingo(options)]
  onTestFinished(() => Promise.all(isinless.map((each) => each.close())).then(() => undefined))
  const answer = (await gatewayOf([quoteProvider('yahoo', {}), ...isinless]).quotes(['US0378331005'], ask)).values()
  expect(answer.next().value).toMatchObject({
    code: 'SYMBOL_NOT_FOUND',
    message: expect.stringContaining('it is an ISIN'),
    details: { attempts: ['not_found', ...isinless.map(() => 'not_covered')].map((outcome) => ({ outcome })) }
  })
  expect(isinless.map((each) => each.covers('US0378331006', 'quotes'))).toContain(true)
})

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

  test('are none where its exchange was shut, whether vendors are away or take the range for an unknown symbol', async () => {
    const calendar = { ...alwaysOpen('AAPL')!.calendar, weekdays: [1, 2, 3, 4, 5] }
    const hours = new MarketHours(calendar)
    const away: Provider = {
      ...barsProvider('yahoo', 'not_found'),
      bars: () => Promise.reject(new ProviderError('yahoo', 'unavailable', 'down'))
    }
    const told = async (provider: Provider, from: string) => {
      const gateway = createGateway(marketOf({ redis: server.redis, providers: [provider], hoursOf: () => hours }))
      open.push(gateway)
      const begin = Date.parse(from)
      const range = { ...request, interval: '1d', from: begin, to: begin + 86_400_000 } as const
      return gateway.bars(range, ask).catch((error: unknown) => (error as ApiError).code)
    }
    const denying = barsProvider('fmp', 'not_found')
    const [saturday, monday] = ['2026-01-03', '2026-01-05']
    expect([await told(away, saturday), await told(denying, saturday)]).toEqual(['NOT_COVERED', 'NOT_COVERED'])
    expect([await told(away, monday), await told(denying, monday)]).toEqual([
      'MARKET_DATA_UNAVAILABLE',
      'SYMBOL_NOT_FOUND'
    ])
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

test('what no plan covers of the whole market is no failure that passes: coming back would not help', async () => {
  const refusing: Provider = {
    name: 'fmp',
    maxQuotesPerRequest: 1,
    covers: () => true,
    sectors: () => Promise.reject(new ProviderError('fmp', 'not_covered', 'no', { notCoveredBy: 'plan' }))
  }
  const error = await gatewayOf([refusing])
    .sectors(ask)
    .catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'NOT_COVERED', statusCode: 404, message: 'No provider has sectors' })
})

describe('what one vendor does not have, while another is out of calls', () => {
  const request: BarRequest = { symbol: 'AAPL', interval: '1m', adjusted: 'splits', from: 0, to: 60_000 }
  const told = async (first: ProviderError, budget: string) => {
    const lacking: Provider = {
      name: 'yahoo',
      maxQuotesPerRequest: 1,
      covers: () => true,
      bars: () => Promise.reject(first)
    }
    const spent: Provider = {
      ...lacking,
      name: 'fmp',
      bars: () => Promise.reject(new ProviderError('fmp', 'bad_payload', 'no'))
    }
    const now = Date.now()
    const providers = [lacking, spent]
    const gateway = createGateway(
      marketOf({ redis: server.redis, providers, budgets: { fmp: budget }, now: () => now })
    )
    open.push(gateway)
    const ask = { priority: 'background' } as const
    const error = () => gateway.bars(request, ask).catch((reason: unknown) => reason as ApiError)
    await error()
    return error()
  }
  const lacks = new ProviderError('yahoo', 'not_covered', 'no')

  test.each([
    ['for the day', lacks, '1/day', 'NOT_COVERED'],
    ['for a minute, of few', lacks, '1/minute', 'NOT_COVERED'],
    ['for a second', lacks, '40/minute, 2000/day, 1/second', 'MARKET_DATA_UNAVAILABLE'],
    [
      'for a minute, where the plan of the first says nothing',
      new ProviderError('yahoo', 'not_covered', 'no', { notCoveredBy: 'plan' }),
      '1/minute',
      'MARKET_DATA_UNAVAILABLE'
    ]
  ])('%s: %#', async (_, first, budget, code) => {
    expect(await told(first, budget)).toMatchObject({ code })
  })
})
