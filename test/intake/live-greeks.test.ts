import { expect, test } from 'vitest'
import { Composer } from '../../src/intake/composer.ts'
import { LiveGreeks, type Underlying } from '../../src/intake/live-greeks.ts'
import { CALENDARS } from '../../src/market/calendars.ts'
import type { OptionChain } from '../../src/market/option-chain.ts'
import { withExpirations, withGreeks } from '../../src/market/option-greeks.ts'
import type { Quote } from '../../src/market/quote.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import { isoOf } from '../../src/market/time.ts'
import { provenance, quote } from '../db/values.ts'

const NOW = Date.parse('2026-11-20T15:00:00Z')
const CALL = 'AAPL261218C00250000'
const clock = new SessionClock(CALENDARS)
const dividendYield = { percent: 0.5, source: 'yahoo' }
const AAPL: Underlying = { price: 255, asOf: isoOf(NOW - 400), dividendYield }
const contract = (over: Partial<Quote> = {}) =>
  quote({ symbol: CALL, price: 11, bid: 11.9, ask: 12.1, asOf: isoOf(NOW - 900_000), ...over })

function greeksAt() {
  const at = { now: NOW, underlying: AAPL as Underlying | undefined, asked: [] as string[] }
  const greeks = new LiveGreeks({
    clock,
    riskFreeRate: 0.04,
    underlying(symbol) {
      at.asked.push(symbol)
      return at.underlying
    },
    now: () => at.now
  })
  return { at, of: (over: Partial<Quote> = {}, bookAt = isoOf(at.now - 200)) => greeks.of(contract(over), bookAt) }
}

/** The same contract in a chain that was asked for. */
function inChain(over: Partial<Quote> = {}) {
  const { symbol, bid, ask } = contract(over)
  const chain: OptionChain = {
    symbol: 'AAPL',
    expiries: ['2026-12-18'],
    underlyingPrice: AAPL.price,
    contracts: [{ symbol, side: 'call', strike: 250, expiry: '2026-12-18', bid: bid!, ask: ask! }],
    provenance: provenance()
  }
  return withGreeks(withExpirations(chain, clock, NOW), { riskFreeRate: 0.04, dividendYield, now: NOW })
}

test('who follows an option sees the figures that its chain would have at that instant, and what they rest on', () => {
  const { at, of } = greeksAt()
  const { figures } = of()
  const { contracts, pricing } = inChain()
  const { impliedVolatility, delta, gamma, theta, vega, rho, computed } = contracts[0]!
  expect(figures).toEqual({
    impliedVolatility,
    delta,
    gamma,
    theta,
    vega,
    rho,
    computed,
    basis: { ...pricing, underlyingAsOf: AAPL.asOf, price: 12, priceFrom: 'mid' }
  })
  expect(delta).toBeGreaterThan(0.5)
  expect(at.asked).toEqual(['AAPL'])
})

test('figures are computed once a second at most, and prices that change meanwhile are told to be ahead of them', () => {
  const { at, of } = greeksAt()
  const first = of()
  at.now += 999
  expect(of()).toEqual(first)
  expect(of({ bid: 12.5, ask: 12.7 })).toEqual({ ...first, isEarly: true })
  at.now += 1
  const next = of({ bid: 12.5, ask: 12.7 })
  expect(next.isEarly).toBe(false)
  expect(next.figures!.basis!.price).toBeCloseTo(12.6, 10)
  expect(next.figures!.impliedVolatility).toBeGreaterThan(first.figures!.impliedVolatility!)
})

test('no figures come of prices that cannot be, or are not of one time, nor of contracts that deliver something else', () => {
  const none = (found: { figures: unknown }) => expect(found.figures).toBeUndefined()
  const { at, of } = greeksAt()
  none(of({ bid: 12.2, ask: 12 }))
  none(of({ symbol: 'AAPL1261218C00250000' }))
  none(of({ bid: 0 }))
  none(of({ bid: 0.01, ask: 0.02 }))
  none(of({}, isoOf(NOW - 600_000)))
  at.underlying = { ...AAPL, asOf: isoOf(NOW - 900_000) }
  none(of())
  // Of one time, and that is long ago.
  none(of({}, isoOf(NOW - 1_300_000)))
  at.underlying = { ...AAPL, asOf: isoOf(NOW - 1_300_000) }
  none(of({}, isoOf(NOW - 1_300_000)))
  at.underlying = undefined
  none(of())
  at.underlying = AAPL
  at.now = Date.parse('2026-12-18T21:00:00Z')
  at.underlying = { ...AAPL, asOf: isoOf(at.now) }
  none(of())
  // Of a book that is one-sided a trade of now says as much.
  at.now = NOW
  at.underlying = AAPL
  expect(of({ bid: 0, price: 12, asOf: isoOf(NOW - 500) }).figures!.basis).toMatchObject({
    price: 12,
    priceFrom: 'last'
  })
})

test('what a vendor tells stands, and what it leaves out follows from that', () => {
  const { of } = greeksAt()
  const greeksAsOf = isoOf(NOW - 5000)
  const told = { openInterest: 70, impliedVolatility: 0.3, delta: 0.61, greeksAsOf }
  const { figures } = of({ derivative: told })
  expect(figures).toMatchObject({ ...told, computed: ['gamma', 'theta', 'vega', 'rho'] })
  const all = { impliedVolatility: 0.3, delta: 0.6, gamma: 0.02, theta: -0.1, vega: 0.3, rho: 0.1, greeksAsOf }
  expect(greeksAt().of({ derivative: all }).figures).toBe(all)
})

test('an option that is quoted and not traded is told with its last trade, and its last change is valued', async () => {
  const told: Quote[] = []
  const spot = { price: 255, asOf: isoOf(Date.now()), dividendYield }
  const greeks = new LiveGreeks({ clock, riskFreeRate: 0.04, underlying: () => spot })
  const composer = new Composer({
    hoursOf: clock.hoursOf,
    accept: (event) => event.type === 'quote_update' && told.push(event.data.quote),
    intervalMs: 5,
    greeks
  })
  const symbol = 'AAPL301220C00250000'
  composer.begin(
    quote({ symbol, price: 50, asOf: '2026-11-19T15:00:00.000Z', provenance: provenance({ source: 'yahoo' }) })
  )
  const book = (bid: number) => {
    const asOf = isoOf(Date.now())
    const bbo = {
      symbol,
      bid,
      ask: bid + 1,
      asOf,
      sequence: 1,
      source: 'alpaca',
      feed: 'opra' as const,
      receivedAt: asOf
    }
    composer.took({ type: 'bbo', data: { symbol, bbo: { ...bbo, tradeDate: asOf.slice(0, 10) }, timestamp: asOf } })
  }
  book(60)
  await expect.poll(() => told.at(-1)?.derivative?.basis?.price).toBe(60.5)
  expect(told.at(-1)).toMatchObject({ price: 50, asOf: '2026-11-19T15:00:00.000Z', bid: 60, ask: 61 })
  expect(told.at(-1)!.provenance).toMatchObject({ source: 'alpaca', feed: 'opra', delivery: 'stream' })
  expect(told.at(-1)!.provenance.parts).toMatchObject([{ source: 'yahoo', groups: expect.arrayContaining(['price']) }])
  book(62)
  await expect.poll(() => told.at(-1)?.bid).toBe(62)
  await expect.poll(() => told.at(-1)?.derivative?.basis?.price).toBe(62.5)
  composer.close()
})
