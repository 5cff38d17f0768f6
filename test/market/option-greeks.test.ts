import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { greeksOf, impliedVolatility, normalCdf, theoreticalPrice } from '../../src/market/black-scholes.ts'
import type { OptionChain, OptionContract } from '../../src/market/option-chain.ts'
import { CALENDARS } from '../../src/market/calendars.ts'
import { withExpirations, withGreeks } from '../../src/market/option-greeks.ts'
import { SessionClock } from '../../src/market/session-clock.ts'

const terms = fc.record({
  spot: fc.double({ min: 5, max: 500, noNaN: true }),
  moneyness: fc.double({ min: 0.6, max: 1.6, noNaN: true }),
  years: fc.double({ min: 0.02, max: 3, noNaN: true }),
  rate: fc.double({ min: 0, max: 0.1, noNaN: true }),
  dividendYield: fc.double({ min: 0, max: 0.08, noNaN: true })
})
const volatility = fc.double({ min: 0.05, max: 2, noNaN: true })
const optionOf = (
  { moneyness, ...rest }: { moneyness: number; spot: number; years: number; rate: number; dividendYield: number },
  side: 'call' | 'put'
) => ({
  ...rest,
  side,
  strike: rest.spot * moneyness
})

describe('theoretical values can be traded on', () => {
  test.each([
    // Hull, Options, Futures and Other Derivatives, chapter on Black-Scholes: S 42, K 40, r 10 %, 20 %, half a year.
    [{ side: 'call', spot: 42, strike: 40, years: 0.5, rate: 0.1, dividendYield: 0 }, 0.2, 4.7594],
    [{ side: 'put', spot: 42, strike: 40, years: 0.5, rate: 0.1, dividendYield: 0 }, 0.2, 0.8086],
    // Merton's extension: S 100, K 95, r 10 %, q 5 %, 20 %, half a year (Haug, section 1.1.2 gives the put).
    [{ side: 'put', spot: 100, strike: 95, years: 0.5, rate: 0.1, dividendYield: 0.05 }, 0.2, 2.4648]
  ] as const)('%o at %d is worth %d', (option, sigma, expected) => {
    expect(theoreticalPrice(option, sigma)).toBeCloseTo(expected, 4)
  })

  test('calls and puts of one strike stay in parity', () => {
    fc.assert(
      fc.property(terms, volatility, (given, sigma) => {
        const { spot, strike, years, rate, dividendYield } = optionOf(given, 'call')
        const gap = theoreticalPrice(optionOf(given, 'call'), sigma) - theoreticalPrice(optionOf(given, 'put'), sigma)
        const forward = spot * Math.exp(-dividendYield * years) - strike * Math.exp(-rate * years)
        expect(gap).toBeCloseTo(forward, 8)
      })
    )
  })

  test('a volatility comes back from the price that it makes, wherever the price tells it', () => {
    fc.assert(
      fc.property(terms, volatility, fc.constantFrom('call' as const, 'put' as const), (given, sigma, side) => {
        const option = optionOf(given, side)
        fc.pre(greeksOf(option, sigma).vega > 1e-4 * option.spot)
        expect(impliedVolatility(option, theoreticalPrice(option, sigma))).toBeCloseTo(sigma, 6)
      })
    )
  })

  test('each greek is the slope that it claims to be', () => {
    fc.assert(
      fc.property(terms, volatility, fc.constantFrom('call' as const, 'put' as const), (given, sigma, side) => {
        const option = optionOf(given, side)
        const slope = (value: (step: number) => number, step: number) => (value(step) - value(-step)) / (2 * step)
        const greeks = greeksOf(option, sigma)
        // Small beside the distance over which values bend: the price's deviation until expiry.
        const step = 1e-3 * option.spot * sigma * Math.sqrt(option.years)
        const close = (actual: number, expected: number) =>
          expect(Math.abs(actual - expected)).toBeLessThan(1e-4 * Math.max(1, Math.abs(expected)))
        close(
          greeks.delta,
          slope((more) => theoreticalPrice({ ...option, spot: option.spot + more }, sigma), step)
        )
        close(
          greeks.gamma,
          slope((more) => greeksOf({ ...option, spot: option.spot + more }, sigma).delta, step)
        )
        close(
          greeks.vega * 100,
          slope((step) => theoreticalPrice(option, sigma + step), 1e-5)
        )
        close(
          greeks.rho * 100,
          slope((step) => theoreticalPrice({ ...option, rate: option.rate + step }, sigma), 1e-5)
        )
        close(
          greeks.theta * 365,
          -slope((step) => theoreticalPrice({ ...option, years: option.years + step }, sigma), 1e-6)
        )
      })
    )
  })

  test.each([
    [0, 0.5],
    [1, 0.841344746068543],
    [-1.959963984540054, 0.025],
    [-6, 9.865876450377e-10],
    [40, 1],
    [-40, 0]
  ])('the normal distribution at %d', (x, expected) => {
    expect(normalCdf(x)).toBeCloseTo(expected, 14)
  })

  test.each([
    ['below its worth at once', 4.9],
    ['above the underlying', 106],
    ['nothing', 0],
    ['no number', NaN]
  ])('no volatility is invented for a price %s', (_, price) => {
    const option = { side: 'call', spot: 105, strike: 100, years: 0.25, rate: 0, dividendYield: 0 } as const
    expect(impliedVolatility(option, price)).toBeUndefined()
  })
})

const NOW = Date.parse('2026-11-20T15:00:00Z')
const contract = (figures: Partial<OptionContract>): OptionContract => ({
  symbol: 'AAPL261218C00250000',
  side: 'call',
  strike: 250,
  expiry: '2026-12-18',
  ...figures
})
const chain = (...contracts: OptionContract[]): OptionChain => ({
  symbol: 'AAPL',
  expiries: ['2026-12-18'],
  underlyingPrice: 255,
  currency: 'USD',
  contracts,
  provenance: {
    source: 'yahoo',
    feed: 'composite',
    receivedAt: new Date(NOW).toISOString(),
    state: 'live',
    attempts: []
  }
})
const clock = new SessionClock(CALENDARS)
const complete = (...contracts: OptionContract[]) =>
  withGreeks(withExpirations(chain(...contracts), clock, NOW), { riskFreeRate: 0.04, now: NOW })

describe('a chain without greeks', () => {
  test("gets them from the vendor's volatility, each marked as computed", () => {
    const { contracts, pricing } = complete(contract({ impliedVolatility: 0.3 }))
    expect(contracts[0]!.computed).toEqual(['delta', 'gamma', 'theta', 'vega', 'rho'])
    expect(contracts[0]!.impliedVolatility).toBe(0.3)
    expect(contracts[0]!.delta).toBeGreaterThan(0.5)
    expect(pricing).toEqual({
      model: 'black-scholes',
      underlyingPrice: 255,
      riskFreeRate: 0.04,
      dividendYield: 0,
      dividendYieldSource: 'assumed',
      computedAt: '2026-11-20T15:00:00.000Z'
    })
  })

  test('has its volatility solved from the middle of bid and ask, else from a trade of the last day', () => {
    const [quoted, traded] = complete(
      contract({ bid: 11.4, ask: 11.6, last: 3 }),
      contract({ last: 11.5, lastTradeAt: '2026-11-20T14:00:00Z' })
    ).contracts
    expect(quoted!.computed).toContain('impliedVolatility')
    expect(quoted!.impliedVolatility).toBeCloseTo(traded!.impliedVolatility!, 9)
    const years = (Date.parse('2026-12-18T21:00:00Z') - NOW) / (365 * 86_400_000)
    const terms = { side: 'call', spot: 255, strike: 250, years, rate: 0.04, dividendYield: 0 } as const
    expect(theoreticalPrice(terms, quoted!.impliedVolatility!)).toBeCloseTo(11.5, 7)
  })

  test.each([
    ['an old trade', contract({ last: 11.5, lastTradeAt: '2026-11-17T14:00:00Z' })],
    ['an offer without a bid', contract({ bid: 0, ask: 0.05 })],
    ['a crossed book', contract({ bid: 12, ask: 11 })],
    ['a price below what it is worth at once', contract({ bid: 4, ask: 4.2 })],
    ['an option that has expired', contract({ expiry: '2026-11-19', impliedVolatility: 0.3 })]
  ])('has none invented from %s', (_, given) => {
    const { contracts, pricing } = complete(given)
    expect(contracts).toMatchObject([given])
    expect(contracts[0]!.computed).toBeUndefined()
    expect(pricing).toBeUndefined()
  })

  test('counts on the dividends that fundamentals tell, and says whose they are', () => {
    const expiring = withExpirations(chain(contract({ bid: 11.4, ask: 11.6 })), clock, NOW)
    const dividendYield = { percent: 2, source: 'fmp' }
    const { contracts, pricing } = withGreeks(expiring, { riskFreeRate: 0.04, dividendYield, now: NOW })
    expect(pricing).toMatchObject({ dividendYield: Math.log1p(0.02), dividendYieldSource: 'fmp' })
    const without = withGreeks(expiring, { riskFreeRate: 0.04, now: NOW }).contracts[0]!
    expect(contracts[0]!.impliedVolatility).toBeGreaterThan(without.impliedVolatility!)
  })

  test("keeps every figure that is the vendor's own", () => {
    const [own] = complete(contract({ impliedVolatility: 0.3, delta: 0.123, gamma: 0 })).contracts
    expect(own).toMatchObject({ delta: 0.123, gamma: 0, computed: ['theta', 'vega', 'rho'] })
  })

  test('stays as it is where no price of the underlying is known', () => {
    const { underlyingPrice: _, ...unpriced } = chain(contract({ impliedVolatility: 0.3 }))
    expect(withGreeks(unpriced, { riskFreeRate: 0.04, now: NOW })).toBe(unpriced)
  })
})
