import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { MarketDataUnavailable } from '../../src/errors.ts'
import { createGateway } from '../../src/gateway/gateway.ts'
import { judgeOptions } from '../../src/gateway/option-quality.ts'
import { judgeQuote } from '../../src/gateway/quality.ts'
import { judgeFundamentals } from '../../src/gateway/statement-quality.ts'
import { judgeNews } from '../../src/gateway/story-quality.ts'
import type { OptionContract } from '../../src/market/option-chain.ts'
import type { Quote } from '../../src/market/quote.ts'
import { ProviderError, type Provider, type ProviderName } from '../../src/providers/provider.ts'
import { testRedis, type TestRedis } from '../support/services.ts'
import { aQuote, marketOf, provenanceOf } from './market.ts'
import { shippedHours } from '../support/hours.ts'

const NOW = Date.parse('2026-11-24T15:00:00Z')

describe('a part of a quote that cannot be is left out and noted', () => {
  const judged = (parts: Partial<Quote>) => {
    const quote = aQuote('MOMX', { price: 10.44, asOf: '2026-11-24T14:59:58.000Z', ...parts })
    const { value, doubts } = judgeQuote(quote, { hoursOf: shippedHours, now: NOW })
    const left = Object.keys(parts).filter((part) => !(part in value))
    return { left, notes: value.provenance.notes, rules: doubts.map(({ rule }) => rule) }
  }

  test.each<[string, Partial<Quote>, string[]]>([
    ['an open below the low', { open: 9.95, dayLow: 10, dayHigh: 10.56 }, ['open']],
    ['an open above the high', { open: 10.7, dayLow: 10, dayHigh: 10.56 }, ['open']],
    ['an open of another unit, beside no range', { open: 1044 }, ['open']],
    ['a day high in pence', { dayLow: 10, dayHigh: 1056 }, ['dayHigh']],
    ['a day low in pounds', { dayLow: 0.1, dayHigh: 10.6 }, ['dayLow']],
    ['a price of the evening in pence', { extendedHours: { session: 'post', price: 1050 } }, ['extendedHours']],
    [
      'a price of a night to come',
      { extendedHours: { session: 'overnight', price: 10.5, asOf: '2026-11-25T03:00:00.000Z' } },
      ['extendedHours']
    ],
    ['an open of another unit, beside a low alone', { open: 0.104, dayLow: 10 }, ['open']],
    ['a bid of a cent, where nobody bids', { bid: 0.01, bidSize: 100, ask: 10.5 }, ['bid', 'bidSize']],
    ['an ask of a fortune, where nobody asks', { bid: 10.4, ask: 199_999, askSize: 100 }, ['ask', 'askSize']],
    ['a year high in pence', { yearLow: 6.4162, yearHigh: 908.05 }, ['yearHigh']],
    ['a year low in pounds', { yearLow: 0.064, yearHigh: 12 }, ['yearLow']],
    ['a year high below the price', { yearLow: 6, yearHigh: 9 }, ['yearHigh']],
    ['a year low above the price', { yearLow: 11, yearHigh: 12 }, ['yearLow']],
    ['a year low above the year high', { yearLow: 12, yearHigh: 9 }, ['yearLow', 'yearHigh']],
    ['a bid above the ask', { bid: 10.5, bidSize: 1, ask: 10.4, askSize: 2 }, ['bid', 'bidSize', 'ask', 'askSize']]
  ])('%s', (_, parts, left) => {
    expect(judged(parts)).toEqual({ left, notes: [expect.any(String)], rules: [] })
  })

  test('while what can be stays, without a note', () => {
    const whole = { open: 10, dayLow: 10, dayHigh: 10.56, yearLow: 0.9, yearHigh: 75, bid: 10.4, ask: 10.5 }
    expect(judged(whole)).toEqual({ left: [], notes: undefined, rules: [] })
    const fallen = { dayHigh: 98, open: 95, dayLow: 8, extendedHours: { session: 'pre', price: 41 } } as const
    expect(judged(fallen)).toEqual({ left: [], notes: undefined, rules: [] })
    // A new high, told before the vendor renewed the year's.
    expect(judged({ yearHigh: 10.43 })).toMatchObject({ left: [] })
  })
})

test('a story dated in the future does not head the news', () => {
  const story = (title: string, publishedAt: string) => ({
    id: title,
    title,
    url: `https://news.example/${title}`,
    publishedAt,
    symbols: ['AAPL']
  })
  const items = [story('later', '2026-12-24T15:00:00.000Z'), story('now', '2026-11-24T15:05:00.000Z')]
  const { value } = judgeNews({ symbol: 'AAPL', items, provenance: provenanceOf('fmp') }, NOW)
  expect(value.items.map(({ title }) => title)).toEqual(['now'])
  expect(value.provenance.notes).toEqual(['1 stories left out: they are dated in the future'])
})

describe('in a chain of options', () => {
  const contract = (parts: Partial<OptionContract>): OptionContract => ({
    symbol: `INTX261218C000${parts.strike ?? 20}000`,
    side: 'call',
    strike: 20,
    expiry: '2026-12-18',
    ...parts
  })
  const judged = (...contracts: OptionContract[]) =>
    judgeOptions({ symbol: 'INTX', expiries: ['2026-12-18'], contracts, provenance: provenanceOf('yahoo') }, NOW).value

  test('an open interest of 0 everywhere is none, where thousands traded', () => {
    const chain = judged(
      contract({ volume: 2500, openInterest: 0 }),
      contract({ strike: 21, volume: 7000, openInterest: 0 })
    )
    expect(chain.contracts.every((each) => !('openInterest' in each))).toBe(true)
    expect(chain.provenance.notes).toHaveLength(1)
  })

  test('an open interest of 0 is a value beside another one, and where nothing trades', () => {
    const beside = [contract({ volume: 9000, openInterest: 0 }), contract({ strike: 21, openInterest: 5 })]
    expect(judged(...beside).contracts).toEqual(beside)
    const still = [contract({ volume: 3, openInterest: 0 })]
    expect(judged(...still).contracts).toEqual(still)
  })

  test('a crossed book and an impossible delta are left out', () => {
    const { contracts, provenance } = judged(
      contract({ bid: 2, ask: 1, last: 1.5, delta: 3 }),
      contract({ strike: 21 })
    )
    expect(contracts[0]).toEqual(contract({ last: 1.5 }))
    expect(provenance.notes).toEqual(['figures of 1 contracts left out: bids above asks, or deltas beyond 1'])
  })
})

test('no statement is of a period that is not over, and none was filed in the future', () => {
  const statement = (periodEnd: string, filedOn: string) => ({
    periodEnd,
    filedOn,
    period: 'annual' as const,
    lines: {}
  })
  const statements = [statement('2027-06-30', '2027-08-01'), statement('2026-09-30', '2027-11-01')]
  const told = { symbol: 'AAPL', statements, metrics: {}, provenance: provenanceOf('fmp') }
  const { value } = judgeFundamentals(told, NOW)
  expect(value.statements).toEqual([{ periodEnd: '2026-09-30', period: 'annual', lines: {} }])
  expect(value.provenance.notes).toHaveLength(2)
})

describe('a search', () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await testRedis()
  })
  afterAll(() => server.close())

  const searching = (name: ProviderName, found: string[] | ProviderError['kind']): Provider => ({
    name,
    maxQuotesPerRequest: 1,
    covers: () => true,
    async search(query) {
      if (typeof found === 'string') throw new ProviderError(name, found, `${name} found nothing`)
      return { query, matches: found.map((symbol) => ({ symbol })), provenance: provenanceOf(name) }
    }
  })
  const search = async (...providers: Provider[]) => {
    await server.redis.flushdb()
    const gateway = createGateway(marketOf({ redis: server.redis, providers }))
    onTestFinished(() => gateway.close())
    return gateway.search('IE00B53L3W79', 5, { priority: 'interactive' })
  }

  test('that one vendor finds nothing for is answered by the next', async () => {
    const { matches, provenance } = await search(searching('yahoo', 'not_found'), searching('fmp', ['CSPX.L']))
    expect(matches).toEqual([{ symbol: 'CSPX.L' }])
    expect(provenance).toMatchObject({ source: 'fmp', attempts: [{ provider: 'yahoo', outcome: 'not_found' }] })
  })

  test('that nobody finds anything for is an empty list', async () => {
    const { matches, provenance } = await search(searching('yahoo', 'not_found'), searching('fmp', 'not_found'))
    expect(matches).toEqual([])
    expect(provenance).toMatchObject({ source: 'yahoo, fmp', attempts: [{ provider: 'yahoo' }, { provider: 'fmp' }] })
  })

  test('is not told to be empty where a vendor could not be asked', async () => {
    const unsure = search(searching('yahoo', 'not_found'), searching('fmp', 'rate_limited'))
    await expect(unsure).rejects.toBeInstanceOf(MarketDataUnavailable)
  })
})
