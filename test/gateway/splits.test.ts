import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts'
import type { Adjustment } from '../../src/market/bar.ts'
import type { Split } from '../../src/market/corporate-action.ts'
import type { Quote } from '../../src/market/quote.ts'
import { dateIn } from '../../src/market/zoned-time.ts'
import type { Provider, ProviderName } from '../../src/providers/provider.ts'
import { testRedis, type TestRedis } from '../support/services.ts'
import { aQuote, marketOf, provenanceOf, quoteProvider, silentEvents } from './market.ts'

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

const TODAY = dateIn('America/New_York', Date.now())
const heldHoursAgo = (hours: number, price = 100) =>
  aQuote('NVDA', { price, asOf: new Date(Date.now() - hours * 3_600_000).toISOString() })

function gatewayOf(providers: Provider[]) {
  const doubted: string[] = []
  const events = { ...silentEvents, quarantined: ({ rule }: { rule: string }) => doubted.push(rule) }
  const gateway = createGateway(marketOf({ redis: server.redis, providers, events }))
  open.push(gateway)
  const quote = async (held: Quote) =>
    (await gateway.quotes(['NVDA'], { priority: 'interactive', held: new Map([['NVDA', held]]) })).get('NVDA')
  return { gateway, quote, doubted }
}

/** A vendor of one price, the same as yesterday's in shares of today, that lists splits as told. */
function vendor(name: ProviderName, price: number, splits: () => Promise<Split[]>) {
  const asked: string[] = []
  const provider: Provider = {
    ...quoteProvider(name, async (symbols) => {
      return new Map(symbols.map((symbol) => [symbol, aQuote(symbol, { price, previousClose: price }, name)]))
    }),
    async splits(symbol) {
      asked.push(symbol)
      return { symbol, splits: await splits(), provenance: provenanceOf(name) }
    }
  }
  return Object.assign(provider, { asked })
}
const listing =
  (ratio: number, exDate = TODAY) =>
  async () => [{ exDate, ratio }]

describe('the morning of a split', () => {
  test('its price is trusted at once, although nobody else is there to confirm it', async () => {
    const { quote, doubted } = gatewayOf([vendor('yahoo', 25, listing(4))])
    const value = (await quote(heldHoursAgo(26))) as Quote
    expect(value).toMatchObject({ price: 25, provenance: { state: 'live', attempts: [] } })
    expect(value.provenance.notes).toEqual([`split since the price held before: 4 for 1 on ${TODAY}`])
    expect(doubted).toEqual([])
  })

  test('a vendor that still has the price of the day before does not win', async () => {
    const { quote } = gatewayOf([vendor('yahoo', 25, listing(4)), quoteProvider('fmp', { NVDA: 100 })])
    expect(await quote(heldHoursAgo(26))).toMatchObject({ price: 25, provenance: { source: 'yahoo', state: 'live' } })
  })

  test('one into a hundredth is no other unit', async () => {
    const { quote } = gatewayOf([vendor('yahoo', 10_050, listing(0.01))])
    expect(await quote(heldHoursAgo(26))).toMatchObject({ price: 10_050, provenance: { state: 'live' } })
  })

  test('another vendor may be the one that lists it', async () => {
    const { quote } = gatewayOf([quoteProvider('yahoo', { NVDA: 25 }), vendor('tiingo', 100, listing(4))])
    expect(await quote(heldHoursAgo(26))).toMatchObject({ price: 25, provenance: { source: 'yahoo', state: 'live' } })
  })

  test('whoever asks why is told the same', async () => {
    const { gateway } = gatewayOf([vendor('yahoo', 25, listing(4))])
    const [yahoo] = await gateway.explainQuote('NVDA', heldHoursAgo(26), { priority: 'interactive' })
    expect(yahoo).toMatchObject({ provider: 'yahoo', outcome: 'answered' })
    expect(yahoo).not.toHaveProperty('doubts')
  })
})

describe('a jump stays in doubt', () => {
  test.each([
    ['that the split does not explain', listing(2)],
    ['whose split is yet to come', listing(4, '2999-01-04')],
    ['whose split the held price was after', listing(4, '2020-08-31')],
    ['that nobody lists a split for', async () => []],
    ['where nobody can tell', () => Promise.reject(new Error('down'))]
  ])('%s', async (_, splits) => {
    const { quote, doubted } = gatewayOf([vendor('yahoo', 25, splits)])
    expect(await quote(heldHoursAgo(26))).toMatchObject({ price: 25, provenance: { state: 'suspect' } })
    expect(doubted).toContain('split-like-jump')
  })

  test('within a day, when no share is split: nobody is asked', async () => {
    const yahoo = vendor('yahoo', 25, listing(4))
    const { quote } = gatewayOf([yahoo])
    expect(await quote(heldHoursAgo(0))).toMatchObject({ provenance: { state: 'suspect' } })
    expect(yahoo.asked).toEqual([])
  })

  test('while the vendor is mute, for no longer than a quote may wait, and not the next time', async () => {
    const { promise, resolve } = Promise.withResolvers<Split[]>()
    const yahoo = vendor('yahoo', 25, () => promise)
    const { quote } = gatewayOf([yahoo])
    expect(await quote(heldHoursAgo(26))).toMatchObject({ price: 25, provenance: { state: 'suspect' } })
    resolve([{ exDate: TODAY, ratio: 4 }])
    expect(await quote(heldHoursAgo(26))).toMatchObject({ price: 25, provenance: { state: 'live' } })
    expect(yahoo.asked).toEqual(['NVDA'])
  })
})

describe('a series of a vendor that lists no splits', () => {
  const CLOSES = [40, 40.4, 40.2, 20.1, 20.3, 20]
  const DATES = ['2026-09-14', '2026-09-15', '2026-09-16', '2026-09-17', '2026-09-18', '2026-09-21']
  const barsOf = (adjusted: Adjustment, closes: readonly number[], splits: Split[] | undefined) => {
    const bars = closes.map((close, day) => ({ start: DATES[day]!, open: close, high: close, low: close, close }))
    const fmp: Provider = {
      name: 'fmp',
      maxQuotesPerRequest: 1,
      covers: () => true,
      bars: async ({ symbol, interval }) => ({ symbol, interval, adjusted, bars, provenance: provenanceOf('fmp') })
    }
    const yahoo = vendor('yahoo', 25, async () => splits ?? Promise.reject(new Error('down')))
    const { gateway } = gatewayOf([fmp, yahoo])
    const range = { interval: '1d', from: Date.parse(DATES[0]!), to: Date.parse('2026-09-22') } as const
    return gateway.bars({ symbol: 'NVDA', adjusted, ...range }, { priority: 'interactive' }).then((series) => ({
      state: series.provenance.state,
      notes: series.provenance.notes?.join() ?? '',
      asked: yahoo.asked,
      series
    }))
  }
  const split = [{ exDate: '2026-09-17', ratio: 2 }]
  const divided = CLOSES.map((close) => (close > 30 ? close / 2 : close))

  test('is held against those that another vendor lists', async () => {
    expect(await barsOf('splits', CLOSES, split)).toMatchObject({
      state: 'suspect',
      notes: expect.stringContaining('do not follow the split of 2 for 1'),
      series: expect.not.objectContaining({ splits: expect.anything() })
    })
    expect(await barsOf('none', divided, split)).toMatchObject({ state: 'suspect' })
    expect(await barsOf('none', CLOSES, split)).toMatchObject({ state: 'live' })
  })

  test('is in doubt for a jump that nobody lists a split for, and where nobody can tell', async () => {
    for (const known of [[], undefined]) {
      expect(await barsOf('splits', CLOSES, known)).toMatchObject({
        state: 'suspect',
        notes: expect.stringContaining('prices jump on 2026-09-17')
      })
    }
  })

  test('costs no question where it does not jump', async () => {
    expect(await barsOf('splits', divided, split)).toMatchObject({ state: 'live', asked: [] })
  })
})

test('an ordinary day costs no question about splits, and a doubtful one a single one', async () => {
  const yahoo = vendor('yahoo', 25, async () => [])
  const { quote } = gatewayOf([yahoo])
  expect(await quote(heldHoursAgo(26, 24))).toMatchObject({ provenance: { state: 'live' } })
  expect(yahoo.asked).toEqual([])
  await quote(heldHoursAgo(26))
  await quote(heldHoursAgo(26))
  expect(yahoo.asked).toEqual(['NVDA'])
})
