import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CALENDARS, exchangeOf } from '../../src/market/calendars.ts'
import { indianDerivative, indianDerivativeSymbol } from '../../src/market/indian-derivative.ts'
import { kindOfSymbol } from '../../src/market/instrument-kind.ts'
import { lastTradingInstant } from '../../src/market/option-expiry.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import { parseSymbol } from '../../src/market/symbol.ts'
import { isoOf } from '../../src/market/time.ts'
import { covers } from '../../src/providers/yahoo/symbols.ts'
import { runsOf } from '../support/depth.ts'

describe('the symbol of an Indian derivative', () => {
  test('is canonical, and tells what it was made of', () => {
    const given = fc.record({
      exchange: fc.constantFrom('NSE' as const, 'BSE' as const, 'MCX' as const),
      root: fc.stringMatching(/^[A-Z][A-Z&-]{0,8}[A-Z]$/),
      day: fc.integer({ min: 0, max: 20_000 }),
      right: fc.constantFrom('call' as const, 'put' as const, undefined),
      strike: fc.integer({ min: 1, max: 4_000_000 }).map((quarters) => quarters / 4)
    })
    fc.assert(
      fc.property(given, ({ exchange, root, day, right, strike }) => {
        const expiry = isoOf(Date.UTC(2020, 0, 1) + day * 86_400_000).slice(0, 10)
        const derivative = { exchange, root, expiry, ...(right && { right, strike }) }
        const symbol = indianDerivativeSymbol(derivative)
        expect(indianDerivative(symbol)).toEqual(derivative)
        expect(parseSymbol(symbol)).toBe(symbol)
        expect(kindOfSymbol(symbol)).toBe(right ? 'option' : 'future')
        expect(covers(symbol, 'quotes')).toBe(false)
      }),
      { numRuns: runsOf(50) }
    )
  })

  test('is of no share, and of no option elsewhere', () => {
    for (const symbol of ['NSE:RELIANCE', 'NSE:3MINDIA', 'NSE:IRFC-N2', 'AAPL261218C00150000', '^NSEI']) {
      expect(indianDerivative(symbol)).toBeUndefined()
    }
  })
})

describe('an Indian contract', () => {
  const clock = new SessionClock(CALENDARS)
  test.each([
    ['until 15:30 as it was', 'NSE:NIFTY260728C25000', '2026-07-28', '2026-07-28T10:00:00.000Z'],
    ['until 15:40 since August 2026', 'NSE:NIFTY261201C25000', '2026-12-01', '2026-12-01T10:10:00.000Z'],
    ['until the session before a holiday', 'NSE:RELIANCE261124F', '2026-11-24', '2026-11-23T10:10:00.000Z'],
    ['as long on the exchange beside it', 'BSE:SENSEX261203P81000', '2026-12-03', '2026-12-03T10:10:00.000Z']
  ])('trades %s', (_when, symbol, expiry, end) => {
    expect(isoOf(lastTradingInstant(symbol, expiry, clock)!)).toBe(end)
  })

  test.each([
    ['in summer', '2026-10-20', '2026-10-20T18:00:00.000Z'],
    ['while New York keeps standard time', '2026-12-04', '2026-12-04T18:25:00.000Z'],
    ['on a holiday of shares', '2026-11-10', '2026-11-10T18:25:00.000Z'],
    ['before one of its own', '2026-12-25', '2026-12-24T18:25:00.000Z']
  ])('on a commodity trades until late %s', (_when, expiry, end) => {
    expect(isoOf(lastTradingInstant('MCX:GOLD261204F', expiry, clock)!)).toBe(end)
  })

  test('on a currency or a bond trades at hours that nobody here knows', () => {
    for (const symbol of ['NSE:USDINR261127F', 'NSE:726GS2032261127F']) {
      expect([symbol, exchangeOf(symbol)]).toEqual([symbol, undefined])
      expect(lastTradingInstant(symbol, '2026-12-04', clock)).toBeUndefined()
    }
  })
})
