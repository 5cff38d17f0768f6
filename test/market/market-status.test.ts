import { describe, expect, test } from 'vitest'
import { CALENDARS } from '../../src/market/calendars.ts'
import { marketStatusAt } from '../../src/market/market-status.ts'
import { SessionClock } from '../../src/market/session-clock.ts'

const clock = new SessionClock(CALENDARS)
const statusOf = (exchange: string, instant: string) =>
  marketStatusAt(clock, Date.parse(instant)).status.exchanges.find((each) => each.exchange === exchange)!

describe('a trader is told when the exchange opens and closes', () => {
  test('in session: its trading day, and when it ends', () => {
    expect(statusOf('XNYS', '2026-11-20T15:00:00Z')).toEqual({
      exchange: 'XNYS',
      name: 'NYSE and Nasdaq',
      timeZone: 'America/New_York',
      phase: 'continuous',
      marketState: 'regular',
      since: '2026-11-20T14:30:00.000Z',
      until: '2026-11-20T21:00:00.000Z',
      tradeDate: '2026-11-20',
      session: {
        date: '2026-11-20',
        pre: { open: '2026-11-20T09:00:00.000Z', close: '2026-11-20T14:30:00.000Z' },
        regular: { open: '2026-11-20T14:30:00.000Z', close: '2026-11-20T21:00:00.000Z' },
        post: { open: '2026-11-20T21:00:00.000Z', close: '2026-11-21T01:00:00.000Z' }
      },
      nextOpen: '2026-11-23T14:30:00.000Z',
      nextClose: '2026-11-20T21:00:00.000Z',
      calendarKnownUntil: '2028-12-31'
    })
  })

  test('on a holiday: its name, and the half day that follows', () => {
    const thanksgiving = statusOf('XNYS', '2026-11-26T16:00:00Z')
    expect(thanksgiving).toMatchObject({
      phase: 'closed',
      holiday: 'Thanksgiving Day',
      nextOpen: '2026-11-27T14:30:00.000Z',
      nextClose: '2026-11-27T18:00:00.000Z'
    })
    expect(thanksgiving.session).toBeUndefined()
    expect(statusOf('XNYS', '2026-11-27T16:00:00Z').session).toMatchObject({ name: 'Day after Thanksgiving' })
  })

  test('before the opening: today, not tomorrow', () => {
    expect(statusOf('XNYS', '2026-11-20T12:00:00Z')).toMatchObject({
      phase: 'pre',
      nextOpen: '2026-11-20T14:30:00.000Z',
      nextClose: '2026-11-20T21:00:00.000Z'
    })
  })

  test('at night, where it trades then: for which day', () => {
    const newYork = CALENDARS.find(({ exchange }) => exchange === 'XNYS')!
    const hours = [...newYork.hours, { ...newYork.hours[0]!, from: '2026-11-23', overnight: ['20:00', '04:00'] }]
    const nights = new SessionClock([{ ...newYork, hours: hours as typeof newYork.hours }])
    const [status] = marketStatusAt(nights, Date.parse('2026-11-23T02:00:00Z')).status.exchanges
    expect(status).toMatchObject({
      phase: 'overnight',
      marketState: 'closed',
      tradeDate: '2026-11-23',
      since: '2026-11-23T01:00:00.000Z',
      until: '2026-11-23T09:00:00.000Z',
      session: { overnight: { open: '2026-11-23T01:00:00.000Z', close: '2026-11-23T09:00:00.000Z' } },
      nextOpen: '2026-11-23T14:30:00.000Z'
    })
  })

  test('on a weekend: no holiday, and Monday', () => {
    const saturday = statusOf('XLON', '2026-11-21T12:00:00Z')
    expect(saturday.holiday).toBeUndefined()
    expect(saturday).toMatchObject({
      phase: 'closed',
      nextOpen: '2026-11-23T08:00:00.000Z',
      nextClose: '2026-11-23T16:35:00.000Z'
    })
  })

  test('in the closing auction of Mumbai, which still belongs to the session', () => {
    expect(statusOf('XNSE', '2026-11-20T09:50:00Z')).toMatchObject({
      phase: 'closing_auction',
      marketState: 'regular',
      nextClose: '2026-11-20T10:05:00.000Z'
    })
  })

  test('every exchange, and the next instant at which anything changes', () => {
    const instant = Date.parse('2026-11-20T15:00:00Z')
    const { status, nextChange } = marketStatusAt(clock, instant)
    expect(status.exchanges.map(({ exchange }) => exchange)).toEqual(CALENDARS.map(({ exchange }) => exchange))
    expect(nextChange).toBe(Date.parse('2026-11-20T16:30:00Z'))
    expect(marketStatusAt(clock, nextChange - 1).status).toEqual(status)
    expect(marketStatusAt(clock, nextChange).status).not.toEqual(status)
  })
})
