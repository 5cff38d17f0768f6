import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { supersedes } from '../../src/market/order.ts'
import type { Quote } from '../../src/market/quote.ts'
import { storesUnderTest } from './stores-under-test.ts'
import { provenance, quote, quoteAt } from './values.ts'
import { runsOf } from '../support/depth.ts'

const under = storesUnderTest()

async function stored(symbol: string): Promise<Quote | undefined> {
  return (await under.stores.quotes.latest([symbol])).get(symbol)
}

test('a quote comes back as it went in, every digit and every key', async () => {
  const full = quote({
    symbol: 'FULL',
    name: 'Quotes "and" \\ {braces}, é, 漢字',
    price: 0.1 + 0.2,
    change: -1e-8,
    changePercent: 0,
    previousClose: 1e-8,
    open: 123_456_789.123_456_78,
    dayHigh: Number.MAX_SAFE_INTEGER,
    dayLow: 5e-324,
    yearHigh: 1.797_693_134_862_315_7e308,
    yearLow: 1 / 3,
    volume: 1e21,
    bid: 2 / 3,
    ask: 1e-7,
    bidSize: 0,
    askSize: 100,
    marketCap: 2_630_000_000_000,
    currency: 'USD',
    kind: 'equity',
    mic: 'XNAS',
    exchange: 'NASDAQ',
    marketState: 'post',
    extendedHours: { session: 'post', price: 170.30000000000001, asOf: '2024-03-05T22:00:00.000Z' },
    provenance: provenance({
      delayedBySeconds: 900,
      attempts: [{ provider: 'fmp', outcome: 'rate_limited', durationMs: 12.5 }],
      notes: ['a note']
    })
  })
  const bare = quote({ symbol: 'BARE' })
  await under.stores.quotes.upsert([full, bare])

  expect(await stored('FULL')).toStrictEqual(full)
  expect(await stored('BARE')).toStrictEqual(bare)
})

test('any double survives the way to Postgres and back', async () => {
  const figure = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)
  let second = 0
  await fc.assert(
    fc.asyncProperty(fc.tuple(figure, figure), async ([price, change]) => {
      await under.stores.quotes.upsert([{ ...quoteAt(++second, second), symbol: 'DOUBLE', price, change }])
      const held = await stored('DOUBLE')
      return held?.price === price && held.change === change
    }),
    { numRuns: runsOf(25) }
  )
})

test('instants in another offset come back as the same instants in UTC', async () => {
  await under.stores.quotes.upsert([quote({ symbol: 'TYO', asOf: '2024-03-05T15:00:00+09:00' })])
  expect((await stored('TYO'))?.asOf).toBe('2024-03-05T06:00:00.000Z')
})

test('a symbol that was never recorded is missing, not empty', async () => {
  const held = await under.stores.quotes.latest(['NEVER', 'BARE'])
  expect(held.has('NEVER')).toBe(false)
  expect(await under.stores.quotes.latest([])).toEqual(new Map())
})

test('a late arrival never replaces a newer price', async () => {
  await under.stores.quotes.upsert([{ ...quoteAt(200, 200, 20), symbol: 'LATE' }])
  expect(await under.stores.quotes.upsert([{ ...quoteAt(100, 300, 10), symbol: 'LATE' }])).toBe(0)
  expect((await stored('LATE'))?.price).toBe(20)
})

test('whatever the order and the batches, the newest quote of each symbol is the one that stays', async () => {
  const arrival = fc.record({
    symbol: fc.constantFrom('P1', 'P2', 'P3'),
    asOf: fc.integer({ min: 0, max: 4 }),
    receivedAt: fc.integer({ min: 0, max: 4 })
  })
  const batches = fc.array(fc.array(arrival, { maxLength: 6 }), { minLength: 1, maxLength: 6 })
  let run = 0
  await fc.assert(
    fc.asyncProperty(batches, async (arrivals) => {
      run++
      const quotes = arrivals.map((batch) =>
        batch.map(({ symbol, asOf, receivedAt }) => ({
          ...quoteAt(asOf, receivedAt, 1 + asOf * 10 + receivedAt),
          symbol: `${symbol}.${run}`
        }))
      )
      await Promise.all(quotes.map((batch) => under.stores.quotes.upsert(batch)))

      const newest = new Map<string, Quote>()
      for (const each of quotes.flat()) {
        const held = newest.get(each.symbol)
        if (!held || supersedes(held, each)) newest.set(each.symbol, each)
      }
      expect(await under.stores.quotes.latest([...newest.keys()])).toEqual(newest)
    }),
    { numRuns: runsOf(20) }
  )
})

test('a price of zero or less, as futures and spreads have them, is kept like any other', async () => {
  const crude = quote({
    symbol: 'CL=F',
    price: -37.63,
    previousClose: 18.27,
    open: 17.73,
    bid: -38,
    ask: 0,
    dayLow: -40.32
  })
  const spread = quote({ symbol: 'CLM20-CLN20', price: 0, bid: -0.01, ask: 0.01 })
  await under.stores.quotes.upsert([crude, spread])
  expect(await stored('CL=F')).toStrictEqual(crude)
  expect(await stored('CLM20-CLN20')).toStrictEqual(spread)
})

test.each([
  ['price', Number.NaN],
  ['price', Number.POSITIVE_INFINITY],
  ['price', Number.NEGATIVE_INFINITY],
  ['volume', -1],
  ['bidSize', -1],
  ['askSize', -1]
])('a %s of %s is refused', async (key, value) => {
  await expect(under.stores.quotes.upsert([quote({ symbol: 'WRONG', [key]: value })])).rejects.toThrow(
    /quotes_latest_(price_finite|volume_not_negative|sizes_not_negative)/
  )
  expect(await stored('WRONG')).toBeUndefined()
})
