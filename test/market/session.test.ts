import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CALENDARS, exchangeOf } from '../../src/market/calendars.ts'
import type { Calendar } from '../../src/market/calendar.ts'
import { lastSession, nextSession, sessionOn, statusAt } from '../../src/market/session.ts'
import { partsOf } from '../../src/market/zoned-time.ts'
import { runsOf } from '../support/depth.ts'

const calendar = (exchange: string): Calendar => CALENDARS.find((each) => each.exchange === exchange)!
const phase = (exchange: string, instant: string) => statusAt(calendar(exchange), Date.parse(instant)).phase

describe('a dashboard is told rightly whether its market is open', () => {
  test.each([
    ['XNYS', '2026-11-20T14:29:59Z', 'pre'],
    ['XNYS', '2026-11-20T14:30:00Z', 'continuous'],
    ['XNYS', '2026-11-20T20:59:59Z', 'continuous'],
    ['XNYS', '2026-11-20T21:00:00Z', 'post'],
    ['XNYS', '2026-11-21T01:00:00Z', 'closed'],
    ['XNYS', '2026-11-26T16:00:00Z', 'closed'],
    ['XNYS', '2026-11-27T17:59:59Z', 'continuous'],
    ['XNYS', '2026-11-27T18:00:00Z', 'post'],
    ['XNYS', '2026-11-27T22:00:00Z', 'closed'],
    ['XLON', '2026-12-24T12:31:00Z', 'closing_auction'],
    ['XLON', '2026-08-31T10:00:00Z', 'closed'],
    ['XTSE', '2026-07-01T15:00:00Z', 'closed'],
    ['XNSE', '2026-07-31T09:50:00Z', 'continuous'],
    ['XNSE', '2026-08-03T09:50:00Z', 'closing_auction'],
    ['XNSE.CASH', '2026-08-03T09:50:00Z', 'continuous'],
    ['XNSE.DERIVATIVES', '2026-08-03T10:05:00Z', 'continuous'],
    ['XNSE.DERIVATIVES', '2026-08-03T10:10:00Z', 'closed'],
    ['XNSE', '2026-11-08T13:00:00Z', 'continuous'],
    ['CRYPTO', '2026-12-25T03:00:00Z', 'continuous'],
    ['FX', '2026-11-22T21:59:00Z', 'closed'],
    ['FX', '2026-11-22T22:00:00Z', 'continuous']
  ])('%s at %s is %s', (exchange, instant, expected) => {
    expect(phase(exchange, instant)).toBe(expected)
  })

  test('the opening stays at 09:30 New York through both changes of the clocks', () => {
    expect(new Date(sessionOn(calendar('XNYS'), '2026-03-06')!.regular.open).toISOString()).toBe(
      '2026-03-06T14:30:00.000Z'
    )
    expect(new Date(sessionOn(calendar('XNYS'), '2026-03-09')!.regular.open).toISOString()).toBe(
      '2026-03-09T13:30:00.000Z'
    )
    expect(new Date(sessionOn(calendar('XNYS'), '2026-11-02')!.regular.open).toISOString()).toBe(
      '2026-11-02T14:30:00.000Z'
    )
  })
})

// Vendors tell of days before the first that a calendar has hours for.
const instants = fc.integer({ min: Date.parse('2000-01-01T00:00:00Z'), max: Date.parse('2027-12-01T00:00:00Z') })

describe.each(CALENDARS.map((each) => [each.exchange, each] as const))('%s', (_exchange, each) => {
  test('at any instant the next change lies ahead, and nothing changes before it', () => {
    fc.assert(
      fc.property(instants, fc.double({ min: 0, max: 0.999, noNaN: true }), (instant, part) => {
        const now = statusAt(each, instant)
        expect(now.nextChange).toBeGreaterThan(instant)
        expect(now.lastChange).toBeLessThanOrEqual(instant)
        expect(statusAt(each, now.lastChange).phase).toBe(now.phase)
        const between = Math.floor(instant + (now.nextChange - instant) * part)
        expect(statusAt(each, between).phase).toBe(now.phase)
      }),
      { numRuns: runsOf(50) }
    )
  })

  test('sessions open at the same wall time all year, whatever the clocks do', () => {
    fc.assert(
      fc.property(instants, (instant) => {
        const session = nextSession(each, instant)
        const { hour, minute } = partsOf(each.timeZone, session.regular.open)
        const walls = [...each.hours, ...each.special, ...Object.values(each.weekdayHours ?? {})].map(
          ({ regular }) => regular[0]
        )
        expect(walls).toContain(`${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`)
        expect(session.regular.close).toBeGreaterThan(session.regular.open)
        expect(lastSession(each, session.regular.open).date).toBe(session.date)
      }),
      { numRuns: runsOf(40) }
    )
  })
})

test('a symbol follows the exchange of its listing', () => {
  expect(
    ['AAPL', 'BRK.B', 'OCDO.L', 'SHOP.TO', 'NSE:RELIANCE', 'BTC-USD', 'EURUSD=X', '^GSPC', 'SAP.DE'].map(exchangeOf)
  ).toEqual(['XNYS', 'XNYS', 'XLON', 'XTSE', 'XNSE', 'CRYPTO', 'FX', 'XNYS', 'XETR'])
})
