import { describe, expect, test } from 'vitest'
import { judgeBars } from '../../src/gateway/bar-quality.ts'
import { judgeIndices, judgeMovers, judgeSectors } from '../../src/gateway/market-wide-quality.ts'
import { judgeQuote } from '../../src/gateway/quality.ts'
import { CALENDARS } from '../../src/market/calendars.ts'
import type { Provenance } from '../../src/market/provenance.ts'
import type { Quote } from '../../src/market/quote.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import { aQuote, provenanceOf } from './market.ts'
import { finished } from '../support/finished.ts'
import { shippedHours } from '../support/hours.ts'

type Told = Partial<Quote> & { state?: Provenance['state']; delayedBySeconds?: number }

function judgedAt(now: string, symbol: string, { state = 'live', delayedBySeconds, ...parts }: Told) {
  const delay = delayedBySeconds === undefined ? {} : { delayedBySeconds }
  const quote = aQuote(symbol, { ...parts, provenance: { ...provenanceOf('fmp'), state, ...delay } })
  const { value } = judgeQuote(quote, { hoursOf: shippedHours, now: Date.parse(now) })
  return { state: value.provenance.state, asOf: value.asOf, marketState: value.marketState }
}

describe('a price is not live where its market has shut since', () => {
  test.each([
    ['on a Sunday', '2026-11-29T15:00:00Z', 'AAPL', '2026-11-27T18:00:01Z'],
    ['on a holiday', '2026-11-26T16:00:00Z', 'AAPL', '2026-11-25T21:00:01Z'],
    ['at night', '2026-11-24T07:00:00Z', 'AAPL', '2026-11-23T21:00:01Z'],
    ['after a half day', '2026-11-27T19:00:00Z', 'AAPL', '2026-11-27T17:59:58Z'],
    ['after the close', '2026-11-24T22:00:00Z', 'AAPL', '2026-11-24T21:00:01Z'],
    ['before the open', '2026-11-24T13:00:00Z', 'AAPL', '2026-11-23T21:00:01Z'],
    ['in London at noon of the second of Christmas', '2026-12-28T12:00:00Z', 'VOD.L', '2026-12-24T12:34:00Z'],
    ['in Toronto on Canada Day', '2026-07-01T15:00:00Z', 'RY.TO', '2026-06-30T20:00:00Z'],
    ['in Mumbai at Diwali', '2026-11-10T06:00:00Z', 'NSE:RELIANCE', '2026-11-09T10:00:00Z'],
    ['of an index on a Sunday', '2026-11-29T15:00:00Z', '^GSPC', '2026-11-27T18:10:00Z'],
    ['in Frankfurt on a Sunday', '2026-11-29T12:00:00Z', 'SAP.DE', '2026-11-27T16:35:00Z'],
    ['in Tokyo at night', '2026-11-24T15:00:00Z', '7203.T', '2026-11-24T06:30:00Z'],
    ['of an index of Hong Kong on a Saturday', '2026-11-28T12:00:00Z', '^HSI', '2026-11-27T08:10:00Z'],
    ['of a future on a Saturday', '2026-11-28T12:00:00Z', 'CL=F', '2026-11-27T18:30:00Z'],
    ['of a pair on a Saturday', '2026-11-28T12:00:00Z', 'EURUSD=X', '2026-11-27T21:59:00Z']
  ])('%s', (_, now, symbol, asOf) => {
    expect(judgedAt(now, symbol, { asOf, marketState: 'regular' })).toEqual({
      state: 'closed',
      asOf,
      marketState: expect.stringMatching(/^(pre|post|closed)$/)
    })
  })

  test('in a session that has begun since', () => {
    const monday = judgedAt('2026-11-30T15:00:00Z', 'AAPL', { asOf: '2026-11-27T18:00:01Z', marketState: 'regular' })
    expect(monday).toEqual({ state: 'closed', asOf: '2026-11-27T18:00:01Z' })
  })
})

describe('a price is live while its market is open', () => {
  test.each([
    ['in session', '2026-11-24T15:00:00Z', 'AAPL', '2026-11-24T14:59:58Z'],
    ['of a coin on a Sunday', '2026-11-29T03:00:00Z', 'BTC-USD', '2026-11-28T23:59:00Z'],
    ['of a pair over midnight', '2026-11-25T05:00:30Z', 'EURUSD=X', '2026-11-25T04:59:58Z'],
    ['in the closing auction of London', '2026-11-24T16:33:00Z', 'VOD.L', '2026-11-24T16:29:58Z'],
    ['in Frankfurt by day', '2026-11-24T12:00:00Z', 'SAP.DE', '2026-11-24T11:59:58Z'],
    ['in Riyadh on a Sunday', '2026-11-29T10:00:00Z', '2222.SR', '2026-11-29T09:59:00Z'],
    ['of a future at night', '2026-11-24T04:00:00Z', 'CL=F', '2026-11-24T03:59:58Z'],
    ['of a listing whose hours are not known', '2026-11-29T03:00:00Z', 'ABCDEFG', '2026-11-29T02:59:00Z']
  ])('%s', (_, now, symbol, asOf) => {
    expect(judgedAt(now, symbol, { asOf, marketState: 'regular' })).toEqual({
      state: 'live',
      asOf,
      marketState: 'regular'
    })
  })
})

describe('a price is not as of an instant at which its market was shut', () => {
  test.each([
    ['stamped on a Sunday', '2026-11-29T15:00:00Z', '^DJI', '2026-11-29T14:59:55Z', '2026-11-27T18:00:00.000Z'],
    [
      'stamped at the usual close of a half day',
      '2026-11-27T23:00:00Z',
      'AAPL',
      '2026-11-27T21:00:01Z',
      '2026-11-27T18:00:00.000Z'
    ],
    ['stamped at night', '2026-11-24T08:00:00Z', 'VOD.L', '2026-11-24T03:00:00Z', '2026-11-23T16:35:00.000Z']
  ])('%s', (_, now, symbol, told, asOf) => {
    expect(judgedAt(now, symbol, { asOf: told })).toMatchObject({ state: 'closed', asOf })
  })

  test('and a note tells what the vendor said', () => {
    const told = aQuote('AAPL', { asOf: '2026-11-29T14:59:55.000Z' })
    const { value } = judgeQuote(told, { hoursOf: shippedHours, now: Date.parse('2026-11-29T15:00:00Z') })
    expect(value.provenance.notes).toEqual([
      'the vendor stamps the price 2026-11-29T14:59:55.000Z: asOf is the end of the session before that'
    ])
  })

  test('a closing print a few minutes late stays as it was told', () => {
    const asOf = '2026-11-24T21:16:00Z'
    expect(judgedAt('2026-11-25T03:00:00Z', '^VIX', { asOf })).toMatchObject({ state: 'closed', asOf })
  })

  test('a price that is yet to come is refused as before', () => {
    const { doubts } = judgeQuote(aQuote('AAPL', { asOf: '2026-12-24T15:00:00Z' }), {
      now: Date.parse('2026-11-29T15:00:00Z'),
      hoursOf: shippedHours
    })
    expect(doubts.map(({ rule }) => rule)).toEqual(['future-instant'])
  })
})

describe('a price that is months old is stale whatever the vendor says', () => {
  test.each([
    ['of a listing that is gone', 'ELYX', '2022-09-06T20:00:02Z'],
    ['of a market whose hours are not known', '7203.T', '2026-05-20T05:00:00Z'],
    ['of a coin', 'LUNA-USD', '2026-08-20T10:00:00Z'],
    ['of a time before the calendars begin', 'AAPL', '1979-03-01T15:00:00Z']
  ])('%s', (_, symbol, asOf) => {
    for (const state of ['live', 'delayed', 'closed'] as const) {
      const judged = judgedAt('2026-11-24T15:00:00Z', symbol, { asOf, state, marketState: 'regular' })
      expect(judged).toEqual({ state: 'stale', asOf })
    }
    expect(judgedAt('2026-11-24T15:00:00Z', symbol, { asOf, state: 'suspect' }).state).toBe('suspect')
  })
})

describe('a vendor that is behind', () => {
  const delayed = { state: 'delayed', delayedBySeconds: 900 } as const

  test('is delayed until it has had the time to see the end of the session', () => {
    const asOf = '2026-11-24T20:40:00Z'
    expect(judgedAt('2026-11-24T20:59:00Z', 'AAPL', { asOf, ...delayed }).state).toBe('delayed')
    expect(judgedAt('2026-11-24T21:05:00Z', 'AAPL', { asOf, ...delayed }).state).toBe('delayed')
    expect(judgedAt('2026-11-24T21:16:00Z', 'AAPL', { asOf, ...delayed }).state).toBe('closed')
  })

  test('is closed as soon as it tells the end', () => {
    const asOf = '2026-11-24T21:00:00Z'
    expect(judgedAt('2026-11-24T21:05:00Z', 'AAPL', { asOf, ...delayed }).state).toBe('closed')
  })

  test('and still calls the session open has told a price from the midst of it, however late that is read', () => {
    const midst = { asOf: '2026-11-27T17:00:00Z', state: 'delayed', marketState: 'regular' } as const
    expect(judgedAt('2026-11-29T15:00:00Z', 'AAPL', midst)).toMatchObject({ state: 'delayed', marketState: 'closed' })
    const end = { ...midst, asOf: '2026-11-27T18:00:00Z' }
    expect(judgedAt('2026-11-29T15:00:00Z', 'AAPL', end).state).toBe('closed')
  })

  test('by a day is delayed while the next session runs, and closed on a Sunday', () => {
    const eachDay = { state: 'delayed', delayedBySeconds: 86_400 } as const
    const friday = { asOf: '2026-11-27T18:00:00Z', ...eachDay }
    expect(judgedAt('2026-11-29T15:00:00Z', 'AAPL', friday).state).toBe('closed')
    expect(judgedAt('2026-11-30T15:00:00Z', 'AAPL', friday).state).toBe('delayed')
  })
})

test('an operator who shuts an exchange for a day closes its prices', () => {
  const clock = new SessionClock(CALENDARS)
  const now = Date.parse('2026-11-24T15:00:00Z')
  const quote = aQuote('AAPL', { asOf: '2026-11-23T21:00:00.000Z', marketState: 'regular' })
  const shut = { date: '2026-11-24', name: 'Day of mourning' }
  clock.replace(
    CALENDARS.map((each) => (each.exchange === 'XNYS' ? { ...each, closed: [...each.closed, shut] } : each))
  )
  const { value } = judgeQuote(quote, { now, hoursOf: clock.hoursOf })
  expect(value).toMatchObject({ marketState: 'closed', provenance: { state: 'closed' } })
})

test('lists of a market that is shut are closed', () => {
  const sunday = Date.parse('2026-11-29T15:00:00Z')
  const monday = Date.parse('2026-11-30T15:00:00Z')
  const provenance = provenanceOf('fmp')
  const movers = { type: 'gainers' as const, movers: [{ symbol: 'AAPL', price: 11, changePercent: 10 }], provenance }
  const sectors = { sectors: [{ sector: 'Energy' as const, changePercent: 1, asOf: '2026-11-27' }], provenance }
  const indices = { indices: [aQuote('^GSPC', { asOf: '2026-11-27T18:00:00.000Z' })], provenance }
  const bars = {
    symbol: 'AAPL',
    interval: '1d' as const,
    adjusted: 'splits' as const,
    bars: [{ start: '2026-11-27', open: 1, high: 1, low: 1, close: 1 }],
    provenance
  }
  const states = (now: number) =>
    [
      judgeMovers(movers, now, shippedHours),
      judgeSectors(sectors, now, shippedHours),
      judgeIndices(indices, now, shippedHours),
      finished(judgeBars(bars, now, shippedHours))
    ].map(({ value }) => value.provenance.state)
  expect(states(sunday)).toEqual(['closed', 'closed', 'closed', 'closed'])
  expect(states(monday).slice(0, 2)).toEqual(['live', 'live'])
})
