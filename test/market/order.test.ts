import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareOrders, orderOf, supersedes } from '../../src/market/order.ts'
import { Feed, ValueState } from '../../src/market/provenance.ts'
import type { Quote } from '../../src/market/quote.ts'
import { runsOf } from '../support/depth.ts'

const NOON = '2026-11-30T17:00:00'

type Told = {
  asOf?: string
  sequence?: number | undefined
  receivedAt?: string
} & Partial<Omit<Quote['provenance'], 'receivedAt'>>

function quote({ asOf = `${NOON}Z`, sequence, ...provenance }: Told): Quote {
  return {
    symbol: 'AAPL',
    price: 231.4,
    asOf,
    ...(sequence !== undefined && { sequence }),
    provenance: {
      source: 'yahoo',
      feed: 'consolidated',
      receivedAt: `${NOON}.500Z`,
      state: 'live',
      attempts: [],
      ...provenance
    }
  }
}

/** Few values of each, so that ties are frequent. */
const quotes = fc
  .record(
    {
      asOf: fc.constantFrom(`${NOON}Z`, `${NOON}.000000001Z`, `${NOON}.001Z`, `${NOON}.0010000Z`, 'soon'),
      sequence: fc.constantFrom(undefined, 0, 1, 2),
      feed: fc.constantFrom(...Feed.enum),
      delivery: fc.constant('stream' as const),
      delayedBySeconds: fc.constantFrom(0, 900),
      receivedAt: fc.constantFrom(`${NOON}.500Z`, `${NOON}.501Z`),
      source: fc.constantFrom('yahoo', 'fmp', 'alpaca'),
      state: fc.constantFrom(...ValueState.enum)
    },
    { requiredKeys: ['asOf'] }
  )
  .map(quote)

describe('the order of quotes', () => {
  test('never lets two quotes each take the place of the other', () => {
    fc.assert(
      fc.property(quotes, quotes, (a, b) => !(supersedes(a, b) && supersedes(b, a))),
      { numRuns: runsOf(1000) }
    )
  })

  test('never goes in a circle', () => {
    fc.assert(
      fc.property(quotes, quotes, quotes, (a, b, c) => {
        fc.pre(supersedes(a, b) && supersedes(b, c))
        return supersedes(a, c)
      }),
      { numRuns: runsOf(1000) }
    )
  })

  test('decides between any two quotes that differ in what it looks at', () => {
    fc.assert(
      fc.property(quotes, quotes, (a, b) => {
        const isTie = !supersedes(a, b) && !supersedes(b, a)
        expect(isTie).toBe(orderOf(a).join() === orderOf(b).join())
        expect(Math.sign(compareOrders(orderOf(a), orderOf(b)))).toBe(isTie ? 0 : supersedes(b, a) ? 1 : -1)
      }),
      { numRuns: runsOf(1000) }
    )
  })

  test('ends with the same quote in whichever order they are seen', () => {
    const newest = (seen: readonly Quote[]) => seen.reduce((held, next) => (supersedes(held, next) ? next : held))
    const shuffled = fc
      .array(quotes, { minLength: 2, maxLength: 12 })
      .chain((seen) => fc.tuple(fc.constant(seen), fc.shuffledSubarray(seen, { minLength: seen.length })))
    fc.assert(fc.property(shuffled, ([a, b]) => orderOf(newest(a)).join() === orderOf(newest(b)).join()))
  })

  test.each([
    ['a later price', quote({ asOf: `${NOON}.000000002Z`, feed: 'delayed' }), quote({ asOf: `${NOON}.000000001Z` })],
    ['a later number of one instant', quote({ sequence: 8 }), quote({ sequence: 7, receivedAt: `${NOON}.900Z` })],
    ['a stream before a poll', quote({ delivery: 'stream', feed: 'iex' }), quote({ receivedAt: `${NOON}.900Z` })],
    ['the whole market before one venue', quote({ delivery: 'stream' }), quote({ delivery: 'stream', feed: 'iex' })],
    [
      'one venue before what is delayed',
      quote({ delivery: 'stream', feed: 'iex' }),
      quote({ delivery: 'stream', feed: 'delayed' })
    ],
    [
      'a vendor that still answers, where the one that told the same instant before is away',
      quote({ source: 'fmp', feed: 'composite', receivedAt: `${NOON}.900Z` }),
      quote({ source: 'yahoo', state: 'stale' })
    ],
    ['what was received later', quote({ receivedAt: `${NOON}.501Z` }), quote({})],
    ['the news that a value is stale', quote({ state: 'stale' }), quote({ state: 'live' })]
  ])('%s takes the place', (_what, next, held) => {
    expect([supersedes(held, next), supersedes(next, held)]).toEqual([true, false])
  })
})
