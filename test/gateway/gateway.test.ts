import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { MarketDataUnavailable, SymbolNotFound } from '../../src/errors.ts'
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts'
import type { Quote } from '../../src/market/quote.ts'
import { ProviderError, type Provider } from '../../src/providers/provider.ts'
import { testRedis, type TestRedis } from '../support/services.ts'
import { aQuote, marketOf, provenanceOf, quoteProvider, silentEvents } from './market.ts'

const ask = { priority: 'interactive' } as const

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

function gatewayOf(providers: Provider[], options: Partial<Parameters<typeof marketOf>[0]> = {}): Gateway {
  const gateway = createGateway(marketOf({ redis: server.redis, ...options, providers }))
  open.push(gateway)
  return gateway
}
const quoteOf = async (gateway: Gateway, symbol: string, held?: Quote) =>
  (await gateway.quotes([symbol], { ...ask, held: new Map(held && [[symbol, held]]) })).get(symbol)

describe('a batch', () => {
  test('asks each vendor once, and the next one only for what the first lacks', async () => {
    const yahoo = quoteProvider('yahoo', { AAPL: 1, MSFT: 2 })
    const fmp = quoteProvider('fmp', { NVDA: 3 })
    const answers = await gatewayOf([yahoo, fmp]).quotes(['AAPL', 'NVDA', 'MSFT', 'AAPL', 'XXXX'], ask)
    expect(yahoo.asked).toEqual([['AAPL', 'NVDA', 'MSFT', 'XXXX']])
    expect(fmp.asked).toEqual([['NVDA', 'XXXX']])
    expect([...answers.keys()]).toEqual(['AAPL', 'NVDA', 'MSFT', 'XXXX'])
    expect(answers.get('NVDA')).toMatchObject({
      price: 3,
      provenance: { attempts: [{ provider: 'yahoo', outcome: 'not_found' }] }
    })
    expect(answers.get('AAPL')).toMatchObject({ price: 1, provenance: { attempts: [] } })
    expect(answers.get('XXXX')).toBeInstanceOf(SymbolNotFound)
  })

  test('one bad symbol costs only that symbol', async () => {
    const yahoo = quoteProvider('yahoo', { AAPL: 1, BAD: -7, MSFT: 2 })
    const answers = await gatewayOf([yahoo]).quotes(['AAPL', 'BAD', 'MSFT'], ask)
    expect(answers.get('BAD')).toMatchObject({ details: { attempts: [{ outcome: 'rejected_by_quality' }] } })
    expect([answers.get('AAPL'), answers.get('MSFT')]).toMatchObject([{ price: 1 }, { price: 2 }])
  })

  test('is split to what a vendor carries, and one lost part goes to the next vendor', async () => {
    const yahoo = quoteProvider(
      'yahoo',
      async (symbols) => {
        if (symbols.includes('C')) throw new ProviderError('yahoo', 'bad_payload', 'yahoo sent half an answer')
        return new Map(symbols.map((symbol) => [symbol, aQuote(symbol)]))
      },
      2
    )
    const fmp = quoteProvider('fmp', { C: 3, D: 4 })
    const answers = await gatewayOf([yahoo, fmp]).quotes(['A', 'B', 'C', 'D', 'E'], ask)
    expect(yahoo.asked.map((chunk) => chunk.length)).toEqual([2, 2, 1])
    expect([...answers.values()].map((answer) => (answer as Quote).provenance.source)).toEqual([
      'yahoo',
      'yahoo',
      'fmp',
      'fmp',
      'yahoo'
    ])
  })
})

describe('a symbol counts as unknown', () => {
  test('only when every vendor was asked and said so', async () => {
    const gateway = gatewayOf([quoteProvider('yahoo', {}), quoteProvider('fmp', {})])
    expect(await quoteOf(gateway, 'APPL')).toMatchObject({
      statusCode: 404,
      message: 'No provider knows APPL',
      details: { attempts: [{ provider: 'yahoo' }, { provider: 'fmp' }] }
    })
  })

  test('not when a vendor was skipped for its budget', async () => {
    const gateway = gatewayOf([quoteProvider('yahoo', {}), quoteProvider('fmp', {})], { budgets: { fmp: '1/day' } })
    expect(await quoteOf(gateway, 'APPL')).toBeInstanceOf(SymbolNotFound)
    expect(await quoteOf(gateway, 'APPL')).toMatchObject({
      code: 'NOT_COVERED',
      details: {
        attempts: [
          { outcome: 'not_found' },
          { outcome: 'not_asked', detail: expect.stringContaining('budget is spent') as string }
        ]
      }
    })
  })

  test('not when a vendor rests after failures', async () => {
    const broken = quoteProvider('yahoo', () => Promise.reject(new ProviderError('yahoo', 'bad_payload', 'no JSON')))
    const gateway = gatewayOf([broken, quoteProvider('fmp', {})])
    for (let asked = 0; asked < 4; asked++) await quoteOf(gateway, 'APPL')
    expect(await quoteOf(gateway, 'APPL')).toMatchObject({
      statusCode: 503,
      details: { attempts: [{ outcome: 'circuit_open' }, { outcome: 'not_found' }] }
    })
  })

  test('not when a vendor told something of it that cannot be read, which is no outage of that vendor', async () => {
    const unreadable = new Map([['AAPL', new ProviderError('yahoo', 'bad_payload', 'no price')]])
    const yahoo = quoteProvider('yahoo', () => Promise.resolve(Object.assign(new Map(), { unreadable })))
    const gateway = gatewayOf([yahoo, quoteProvider('fmp', {})])
    for (let asked = 0; asked < 6; asked++) {
      expect(await quoteOf(gateway, 'AAPL')).toMatchObject({
        statusCode: 503,
        details: { attempts: [{ outcome: 'bad_payload', detail: 'no price' }, { outcome: 'not_found' }] }
      })
    }
  })

  test('although a vendor whose plan leaves the symbol out has no say', async () => {
    const refusal = new ProviderError('fmp', 'not_covered', 'premium', { notCoveredBy: 'plan' })
    const uncovered = quoteProvider('fmp', () => Promise.reject(refusal))
    expect(await quoteOf(gatewayOf([quoteProvider('yahoo', {}), uncovered]), 'APPL')).toBeInstanceOf(SymbolNotFound)
    expect(await quoteOf(gatewayOf([uncovered]), 'APPL')).toBeInstanceOf(MarketDataUnavailable)
  })
})

describe('a doubtful price', () => {
  const halved = { price: 50, previousClose: 100 }
  const saying = (name: 'yahoo' | 'fmp', parts: Partial<Quote>) =>
    quoteProvider(name, async (symbols) => new Map(symbols.map((symbol) => [symbol, aQuote(symbol, parts, name)])))
  function watched() {
    const events: string[] = []
    return {
      events,
      listeners: {
        ...silentEvents,
        quarantined: (event: { provider: string; rule: string; severity: string }) =>
          events.push(`${event.provider} ${event.severity} ${event.rule}`),
        diverged: (event: { percent: number; providers: string[] }) =>
          events.push(`${event.providers.join('/')} ${event.percent} %`)
      }
    }
  }

  test('is served as suspect when nobody else answers', async () => {
    const { events, listeners } = watched()
    const gateway = gatewayOf([saying('yahoo', halved), quoteProvider('fmp', {})], { events: listeners })
    const quote = (await quoteOf(gateway, 'NVDA')) as Quote
    expect(quote).toMatchObject({ price: 50, provenance: { state: 'suspect' } })
    expect(quote.provenance.notes![0]).toContain('unannounced split')
    expect(events).toEqual(['yahoo soft split-like-jump'])
  })

  test('is trusted when the next vendor says the same', async () => {
    const { events, listeners } = watched()
    const gateway = gatewayOf([saying('yahoo', halved), saying('fmp', { price: 50.2 })], { events: listeners })
    const quote = (await quoteOf(gateway, 'NVDA')) as Quote
    expect(quote).toMatchObject({ price: 50, provenance: { source: 'yahoo', state: 'live' } })
    expect(quote.provenance.notes![0]).toContain('fmp confirms the price')
    expect(events).toEqual([])
  })

  test('gives way to a clean one that contradicts it, and the quarrel is recorded', async () => {
    const { events, listeners } = watched()
    const gateway = gatewayOf([saying('yahoo', halved), saying('fmp', { price: 100, previousClose: 100 })], {
      events: listeners
    })
    expect(await quoteOf(gateway, 'NVDA')).toMatchObject({
      price: 100,
      provenance: { source: 'fmp', state: 'live', attempts: [{ provider: 'yahoo', outcome: 'rejected_by_quality' }] }
    })
    expect(events).toEqual(['yahoo/fmp 100 %', 'yahoo soft split-like-jump'])
  })

  test('a hundred times too high is never served, and the vendor who printed it is named', async () => {
    const { events, listeners } = watched()
    const pence = saying('yahoo', { price: 30_880, previousClose: 308.8 })
    expect(
      await quoteOf(gatewayOf([pence, quoteProvider('fmp', { 'OCDO.L': 309 })], { events: listeners }), 'OCDO.L')
    ).toMatchObject({
      price: 309,
      provenance: { attempts: [{ provider: 'yahoo', outcome: 'rejected_by_quality' }] }
    })
    expect(events).toEqual(['yahoo hard unit-jump'])
    expect(await quoteOf(gatewayOf([pence]), 'OCDO.L')).toMatchObject({ statusCode: 503 })
  })

  describe('a hundred times what was held', () => {
    const reverseSplit = { price: 12.1, previousClose: 11.8 }
    const held = (hoursAgo: number) =>
      aQuote('XYZ', { price: 0.119, asOf: new Date(Date.now() - hoursAgo * 3_600_000).toISOString() })

    test('over night, as after a reverse split, is served as suspect once a second vendor says so', async () => {
      const { events, listeners } = watched()
      const gateway = gatewayOf([saying('yahoo', reverseSplit), saying('fmp', { ...reverseSplit, price: 12.15 })], {
        events: listeners
      })
      const quote = (await quoteOf(gateway, 'XYZ', held(17))) as Quote
      expect(quote).toMatchObject({
        price: 12.15,
        provenance: {
          source: 'fmp',
          state: 'suspect',
          attempts: [{ provider: 'yahoo', outcome: 'rejected_by_quality' }]
        }
      })
      expect(quote.provenance.notes).toEqual([expect.stringContaining('another unit'), 'yahoo says the same'])
      expect(events).toEqual(['yahoo hard unit-jump'])
      // What is suspect is no evidence, so that the new price is trusted from then on.
      expect(await quoteOf(gateway, 'XYZ', quote)).toMatchObject({ price: 12.1, provenance: { state: 'live' } })
    })

    test('over night is not served where the second vendor says something else, or nothing', async () => {
      const apart = gatewayOf([saying('yahoo', reverseSplit), saying('fmp', { price: 14, previousClose: 13.9 })])
      expect(await quoteOf(apart, 'XYZ', held(17))).toMatchObject({ statusCode: 503 })
      expect(await quoteOf(gatewayOf([saying('yahoo', reverseSplit)]), 'XYZ', held(17))).toMatchObject({
        statusCode: 503
      })
    })

    test('within a session is never served, whoever agrees', async () => {
      const gateway = gatewayOf([saying('yahoo', reverseSplit), saying('fmp', reverseSplit)])
      expect(await quoteOf(gateway, 'XYZ', held(1))).toMatchObject({ statusCode: 503 })
    })
  })

  describe('in another currency than the one held', () => {
    const held = aQuote('VOD.L', { price: 1.2, currency: 'USD', asOf: new Date(Date.now() - 60_000).toISOString() })
    const inPounds = (provider: 'yahoo' | 'fmp', price: number) => saying(provider, { price, currency: 'GBP' })

    test('is refused while one vendor says so', async () => {
      const answer = await quoteOf(gatewayOf([inPounds('yahoo', 120)]), 'VOD.L', held)
      expect(answer).toMatchObject({ details: { attempts: [{ outcome: 'rejected_by_quality' }] } })
    })

    test('outvotes it where two say so, and is not held against what comes next', async () => {
      const gateway = gatewayOf([inPounds('yahoo', 120), inPounds('fmp', 120.4)])
      const first = (await quoteOf(gateway, 'VOD.L', held)) as Quote
      expect(first).toMatchObject({ currency: 'GBP', price: 120.4, provenance: { source: 'fmp', state: 'suspect' } })
      const next = await quoteOf(gateway, 'VOD.L', first)
      expect(next).toMatchObject({ currency: 'GBP', price: 120, provenance: { source: 'yahoo', state: 'live' } })
    })
  })

  test('that is only behind the held one costs nobody anything: no other vendor is asked, nothing is quarantined', async () => {
    const held = aQuote('AAPL', { asOf: new Date().toISOString(), price: 150 }, 'fmp')
    const quarantined: string[] = []
    const yahoo = quoteProvider('yahoo', async () => {
      const asOf = new Date(Date.now() - 900_000).toISOString()
      return new Map([['AAPL', aQuote('AAPL', { asOf, price: 149 })]])
    })
    const fmp = quoteProvider('fmp', { AAPL: 150 })
    const events = { ...silentEvents, quarantined: ({ rule }: { rule: string }) => void quarantined.push(rule) }
    expect(await quoteOf(gatewayOf([yahoo, fmp], { events }), 'AAPL', held)).toMatchObject({ price: 149 })
    expect([fmp.asked, quarantined]).toEqual([[], []])
  })
})

test('a bug in an adapter costs its vendor, not the user', async () => {
  const buggy = quoteProvider('yahoo', () => Promise.reject(new TypeError('undefined is not a price')))
  expect(await quoteOf(gatewayOf([buggy, quoteProvider('fmp', { AAPL: 9 })]), 'AAPL')).toMatchObject({
    price: 9,
    provenance: { attempts: [{ provider: 'yahoo', outcome: 'bad_payload' }] }
  })
})

test('a vendor library that ignores the signal does not hold the user', async () => {
  const deaf = quoteProvider('yahoo', () => new Promise(() => undefined))
  const gateway = gatewayOf([deaf, quoteProvider('fmp', { AAPL: 9 })], {
    requestDeadlineMs: 400,
    upstreamTimeoutMs: 300
  })
  for (let asked = 0; asked < 3; asked++) expect(await quoteOf(gateway, 'AAPL')).toMatchObject({ price: 9 })
  expect((await gateway.status())[0]!.breakers).toEqual({ quotes: 'open' })
})

test('other capabilities fall back alike, pass vendors that lack them, and reject with the same errors', async () => {
  const profile = (name: string) => ({ symbol: 'AAPL', name: 'Apple', provenance: provenanceOf(name) })
  const failing: Provider = {
    name: 'fmp',
    maxQuotesPerRequest: 1,
    covers: () => true,
    profile: () => Promise.reject(new ProviderError('fmp', 'not_covered', 'not in this plan'))
  }
  const tiingo: Provider = { ...failing, name: 'tiingo', profile: async () => profile('tiingo') }
  expect(await gatewayOf([quoteProvider('yahoo', {}), failing, tiingo]).profile('AAPL', ask)).toMatchObject({
    name: 'Apple',
    provenance: { source: 'tiingo', attempts: [{ provider: 'fmp', outcome: 'not_covered' }] }
  })
  await expect(gatewayOf([failing]).profile('AAPL', ask)).rejects.toBeInstanceOf(MarketDataUnavailable)
  await expect(gatewayOf([tiingo]).options('AAPL', undefined, ask)).rejects.toBeInstanceOf(MarketDataUnavailable)
})

test('nothing of the simulated market can pass for real, not even inside a list', async () => {
  const yahoo: Provider = {
    ...quoteProvider('yahoo', { AAPL: 1 }),
    indices: async () => ({ indices: [aQuote('^GSPC')], provenance: provenanceOf('yahoo') })
  }
  const gateway = gatewayOf([yahoo], { market: 'sandbox' })
  expect(await quoteOf(gateway, 'AAPL')).toMatchObject({ provenance: { feed: 'sandbox' } })
  expect(await gateway.indices(ask)).toMatchObject({
    indices: [{ provenance: { feed: 'sandbox' } }],
    provenance: { feed: 'sandbox' }
  })
})

test('explain asks everybody at once and tells who said what, and how far apart they are', async () => {
  const diverged: number[] = []
  const gateway = gatewayOf(
    [
      quoteProvider('yahoo', { AAPL: 100 }),
      quoteProvider('fmp', { AAPL: 110 }),
      quoteProvider('alpha-vantage', { AAPL: 100 })
    ],
    {
      budgets: { 'alpha-vantage': '1/day' },
      off: new Map([['tiingo', 'TIINGO_API_KEY is not set']]),
      events: { ...silentEvents, diverged: ({ percent }) => diverged.push(Math.round(percent)) }
    }
  )
  await gateway.explainQuote('AAPL', undefined, ask)
  const held = aQuote('AAPL', { price: 100, previousClose: 95, asOf: new Date(Date.now() - 1000).toISOString() })
  expect(await gateway.explainQuote('AAPL', held, ask)).toMatchObject([
    { provider: 'yahoo', asked: true, outcome: 'answered', divergencePercent: 0 },
    { provider: 'fmp', asked: true, outcome: 'answered', divergencePercent: expect.closeTo(10) },
    { provider: 'alpha-vantage', asked: false, outcome: 'budget_spent' },
    { provider: 'tiingo', asked: false, outcome: 'off', detail: 'TIINGO_API_KEY is not set' }
  ])
  expect(diverged).toEqual([10, 10])
})

test('a range that takes a vendor five requests is charged as five', async () => {
  const costly: Provider = {
    name: 'yahoo',
    maxQuotesPerRequest: 1,
    covers: () => true,
    costOfBars: ({ interval }) => (interval === '1m' ? 5 : 1),
    bars: async ({ symbol, interval, adjusted }) => ({
      symbol,
      interval,
      adjusted,
      bars: [{ start: '2026-03-02', open: 1, high: 1, low: 1, close: 1 }],
      provenance: provenanceOf('yahoo')
    })
  }
  const gateway = gatewayOf([costly], { budgets: { yahoo: '8/day' } })
  const minutes = { symbol: 'AAPL', interval: '1m', from: 0, to: Date.now(), adjusted: 'splits' } as const
  await gateway.bars({ ...minutes, interval: '1d' }, ask)
  await gateway.bars(minutes, ask)
  expect(await gateway.status()).toMatchObject([{ budget: [{ used: 6, left: 2 }] }])
  await expect(gateway.bars(minutes, ask)).rejects.toMatchObject({
    details: { attempts: [{ outcome: 'budget_spent' }] }
  })
})

test('status shows an operator what is left, what rests and what is off', async () => {
  const limited = new ProviderError('fmp', 'rate_limited', 'fmp says 429', { retryAfterMs: 60_000, scope: 'day' })
  const gateway = gatewayOf(
    [quoteProvider('yahoo', { AAPL: 1 }), quoteProvider('fmp', () => Promise.reject(limited))],
    {
      budgets: { yahoo: '60/minute, 100/day' },
      off: new Map([['tiingo', 'TIINGO_API_KEY is not set']])
    }
  )
  await gateway.quotes(['AAPL', 'XXXX'], ask)
  expect(await gateway.status()).toMatchObject([
    {
      name: 'yahoo',
      enabled: true,
      capabilities: ['quotes'],
      budget: [
        { per: 'minute', left: 59 },
        { per: 'day', limit: 100, used: 1, left: 99 }
      ],
      breakers: { quotes: 'closed' },
      calls: { answered: 1 },
      latencyMs: { p50: expect.any(Number) },
      lastSuccessAt: expect.any(String)
    },
    {
      name: 'fmp',
      closedUntil: expect.any(String),
      calls: { rate_limited: 1 },
      lastFailure: { outcome: 'rate_limited' }
    },
    { name: 'tiingo', enabled: false, offBecause: 'TIINGO_API_KEY is not set', budget: [] }
  ])
})
