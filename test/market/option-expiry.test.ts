import { describe, expect, test } from 'vitest'
import { CALENDARS } from '../../src/market/calendars.ts'
import type { OptionChain } from '../../src/market/option-chain.ts'
import { expirationOf } from '../../src/market/option-expiry.ts'
import { withExpirations } from '../../src/market/option-greeks.ts'
import { SessionClock } from '../../src/market/session-clock.ts'

const clock = new SessionClock(CALENDARS)
const contractOf = (root: string, expiry: string) => `${root}${expiry.slice(2).replaceAll('-', '')}C00100000`

describe('an option trades until', () => {
  test.each([
    ['the close in New York', 'AAPL', 'AAPL', '2026-12-18', '2026-12-18T21:00:00Z'],
    ['the close in New York, in summer time', 'AAPL', 'AAPL', '2026-07-17', '2026-07-17T20:00:00Z'],
    ['the early close of a half day', 'AAPL', 'AAPL', '2026-11-27', '2026-11-27T18:00:00Z'],
    ['the session before, where the exchange is closed', 'AAPL', 'AAPL', '2026-04-03', '2026-04-02T20:00:00Z'],
    ['the close, though it is of an index: a weekly', '^SPX', 'SPXW', '2026-12-18', '2026-12-18T21:00:00Z'],
    ['the close: one of the Nasdaq-100 that is no monthly', '^NDX', 'NDXP', '2026-12-18', '2026-12-18T21:00:00Z'],
    ['half past three in Mumbai', 'NSE:RELIANCE', 'RELIANCE', '2026-06-30', '2026-06-30T10:00:00Z'],
    [
      'twenty to four in Mumbai, since that is the rule',
      'NSE:RELIANCE',
      'RELIANCE',
      '2026-12-29',
      '2026-12-29T10:10:00Z'
    ]
  ])('%s', (_, underlying, root, expiry, expected) => {
    const { lastTradingAt, settlesAt, settlement } = expirationOf(underlying, contractOf(root, expiry), expiry, clock)
    expect(lastTradingAt).toBe(Date.parse(expected))
    expect(settlesAt).toBe(lastTradingAt)
    expect(settlement).toBe('pm')
  })

  test.each([
    ['SPX', '2026-12-18', '2026-12-17T21:15:00Z', '2026-12-18T14:30:00Z'],
    // Of Good Friday the exchange has no opening prices: the day before counts, and trading ends a day earlier.
    ['SPX', '2026-04-03', '2026-04-01T20:15:00Z', '2026-04-02T13:30:00Z'],
    ['NDX', '2026-12-18', '2026-12-17T21:15:00Z', '2026-12-18T14:30:00Z'],
    ['RUT', '2026-12-18', '2026-12-17T21:15:00Z', '2026-12-18T14:30:00Z'],
    // The day before is a half day: trading ends a quarter of an hour after its early close.
    ['VIX', '2026-11-30', '2026-11-27T18:15:00Z', '2026-11-30T14:30:00Z'],
    ['VIX', '2026-12-16', '2026-12-15T21:15:00Z', '2026-12-16T14:30:00Z']
  ])('the evening before, where opening prices settle it: %s of %s', (root, expiry, lastTrading, settles) => {
    const found = expirationOf(`^${root}`, contractOf(root, expiry), expiry, clock)
    expect(found).toEqual({
      lastTradingAt: Date.parse(lastTrading),
      settlesAt: Date.parse(settles),
      timeZone: 'America/New_York',
      settlement: 'am'
    })
  })
})

test('an expiry whose contracts all settle in the morning is over the evening before, and one with others is not', () => {
  const chainOf = (symbol: string, roots: readonly string[]): OptionChain => ({
    symbol,
    expiries: ['2026-12-16', '2026-12-18'],
    contracts: roots.map((root) => ({
      symbol: contractOf(root, '2026-12-16'),
      side: 'call',
      strike: 100,
      expiry: '2026-12-16'
    })),
    provenance: { source: 'yahoo', feed: 'composite', receivedAt: '2026-12-16T13:00:00Z', state: 'live', attempts: [] }
  })
  const morning = Date.parse('2026-12-16T13:00:00Z')
  expect(withExpirations(chainOf('^VIX', ['VIX']), clock, morning).expiries).toEqual(['2026-12-18'])
  const mixed = withExpirations(chainOf('^SPX', ['SPX', 'SPXW']), clock, morning)
  expect(mixed.expiries).toEqual(['2026-12-16', '2026-12-18'])
  expect(mixed.contracts.map(({ settlement }) => settlement)).toEqual(['am', 'pm'])
})

test('an expiry that is over is not offered, on its own evening already', () => {
  const chain: OptionChain = {
    symbol: 'AAPL',
    expiries: ['2026-11-27', '2026-12-18'],
    contracts: [{ symbol: contractOf('AAPL', '2026-11-27'), side: 'call', strike: 100, expiry: '2026-11-27' }],
    provenance: {
      source: 'yahoo',
      feed: 'composite',
      receivedAt: '2026-11-27T18:30:00Z',
      state: 'closed',
      attempts: []
    }
  }
  const during = withExpirations(chain, clock, Date.parse('2026-11-27T17:59:00Z'))
  expect(during.expiries).toEqual(['2026-11-27', '2026-12-18'])
  const after = withExpirations(chain, clock, Date.parse('2026-11-27T18:01:00Z'))
  expect(after).toMatchObject({ expiries: ['2026-12-18'], timeZone: 'America/New_York' })
  expect(after.contracts[0]).toMatchObject({ lastTradingAt: '2026-11-27T18:00:00.000Z' })
})
