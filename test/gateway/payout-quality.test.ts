import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createGateway } from '../../src/gateway/gateway.ts'
import { judgeDividends } from '../../src/gateway/payout-quality.ts'
import type { Dividends } from '../../src/market/corporate-action.ts'
import type { Quote } from '../../src/market/quote.ts'
import type { Provider, ProviderName } from '../../src/providers/provider.ts'
import { testRedis, type TestRedis } from '../support/services.ts'
import { aQuote, marketOf, provenanceOf } from './market.ts'

const now = Date.parse('2026-11-30T12:00Z')
const payouts = (...told: (readonly [exDate: string, amount: number])[]): Dividends => ({
  symbol: 'KBND',
  dividends: told.map(([exDate, amount]) => ({ exDate, amount, currency: 'KRW' })),
  amountsAdjusted: 'splits',
  provenance: provenanceOf('fmp')
})
/** What is paid now; newest first. */
const QUARTERS = [
  ['2026-09-01', 2.5],
  ['2026-06-01', 2.5],
  ['2026-03-01', 2.4]
] as const
const held = (parts: Partial<Quote> = {}) => aQuote('KBND', { price: 50_000, currency: 'KRW', ...parts })
const reasonOf = (dividends: Dividends, quote?: Quote) => judgeDividends(dividends, now, quote).doubts[0]?.reason

describe('a payout that cannot be is in doubt', () => {
  test.each<[string, Dividends, Quote | undefined]>([
    ['more than the share has cost within a year', payouts(['2026-06-01', 61_000]), held({ yearHigh: 60_000 })],
    ['many times the price, where no year is known', payouts(['2026-06-01', 250_000]), held()],
    ['one that is announced', payouts(['2026-12-15', 250_000]), held()],
    [
      'a thousand times the others',
      payouts(['2019-12-27', 3_900_000], ['2018-12-27', 3800], ['2017-12-27', 3700]),
      undefined
    ]
  ])('%s', (_, dividends, quote) => {
    expect(judgeDividends(dividends, now, quote).doubts).toMatchObject([
      { rule: 'payout-beyond-price', severity: 'soft', reason: expect.stringContaining(dividends.dividends[0]!.exDate) }
    ])
  })

  test.each<[string, Dividends, Quote | undefined]>([
    ['a special payout of most of the price', payouts(['2026-06-01', 40_000], ['2026-03-01', 500]), held()],
    ['one of years ago, when the share cost more', payouts(['2015-06-01', 250_000]), held()],
    ['a price in another currency', payouts(['2026-06-01', 250_000]), held({ currency: 'USD', price: 35 })],
    [
      'a price that is in doubt itself',
      payouts(['2026-06-01', 250_000]),
      held({ provenance: { ...provenanceOf('fmp'), state: 'suspect' } })
    ],
    ['a single payout without a price', payouts(['2026-06-01', 250_000]), undefined],
    ['none', payouts(), held()]
  ])('not %s', (_, dividends, quote) => expect(reasonOf(dividends, quote)).toBeUndefined())
})

test.each<[string, Dividends, string[]]>([
  [
    'an old payout in another unit',
    payouts(...QUARTERS, ['2022-03-01', 2.4], ['2021-12-01', 240], ['2021-09-01', 2.4]),
    ['2021-12-01']
  ],
  [
    'an old payout that is told twice',
    payouts(...QUARTERS, ['2021-12-03', 2.4], ['2021-12-01', 2.4], ['2021-09-01', 2.3]),
    ['2021-12-03', '2021-12-01']
  ]
])('%s is marked, and the others are not', (_, told, marked) => {
  const { value, doubts } = judgeDividends(told, now)
  expect(value.dividends.filter(({ suspect }) => suspect).map(({ exDate }) => exDate)).toEqual(marked)
  expect(doubts).toMatchObject([{ severity: 'soft', reason: expect.stringContaining(marked[0]!) }])
})

test("a fund's gains are held against its gains, and its income against its income", () => {
  const fund = payouts(['2026-06-18', 0.021], ['2025-12-17', 2.1], ['2025-12-15', 0.02], ['2024-12-17', 1.9])
  const gains = new Set(['2025-12-17', '2024-12-17'])
  const dividends = fund.dividends.map((payout) => ({
    ...payout,
    ...(gains.has(payout.exDate) && { kind: 'capital_gain' as const })
  }))
  expect(reasonOf({ ...fund, dividends })).toBeUndefined()
  expect(reasonOf(fund)).toContain('another unit')
})

describe('beside a price that is held', () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await testRedis()
  })
  afterAll(() => server.close())

  test('the next vendor is asked, and its payouts are served', async () => {
    const vendor = (name: ProviderName, amount: number): Provider => ({
      name,
      maxQuotesPerRequest: 1,
      covers: () => true,
      dividends: async () => payouts([new Date().toISOString().slice(0, 10), amount])
    })
    const gateway = createGateway(
      marketOf({ redis: server.redis, providers: [vendor('fmp', 5e6), vendor('tiingo', 500)] })
    )
    onTestFinished(() => gateway.close())
    const ask = { priority: 'interactive', held: new Map([['KBND', held()]]) } as const
    expect(await gateway.dividends('KBND', ask)).toMatchObject({
      dividends: [{ amount: 500 }],
      provenance: { state: 'live', attempts: [{ provider: 'fmp', outcome: 'rejected_by_quality' }] }
    })
  })
})
