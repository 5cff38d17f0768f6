import { describe, expect, test } from 'vitest'
import type { BarSeries } from '../../src/market/bar.ts'
import { CALENDARS, exchangeOf } from '../../src/market/calendars.ts'
import { withRunningMarked } from '../../src/market/running-bar.ts'

const PRICES = { open: 1, high: 1, low: 1, close: 1 }

/** Starts of the bars that are marked as running in an answer of that instant. */
function running(
  symbol: string,
  interval: BarSeries['interval'],
  starts: string[],
  receivedAt: string,
  over: { timeZone?: string; delayedBySeconds?: number } = {}
): string[] {
  const { timeZone, delayedBySeconds } = over
  const series: BarSeries = {
    symbol,
    interval,
    adjusted: 'splits',
    ...(timeZone && { timeZone }),
    bars: starts.map((start) => ({ start, ...PRICES })),
    provenance: {
      source: 'yahoo',
      feed: 'composite',
      receivedAt,
      state: 'live',
      attempts: [],
      ...(delayedBySeconds && { delayedBySeconds })
    }
  }
  const calendar = CALENDARS.find(({ exchange }) => exchange === exchangeOf(symbol))
  return withRunningMarked(series, calendar).bars.flatMap(({ start, complete }) => (complete === false ? [start] : []))
}

describe('a day is complete when its session has ended', () => {
  const days = ['2026-11-24', '2026-11-25', '2026-11-27']

  test.each([
    ['in the session', '2026-11-25T20:59:59Z', ['2026-11-24', '2026-11-25'], ['2026-11-25']],
    ['at its end', '2026-11-25T21:00:00Z', ['2026-11-24', '2026-11-25'], []],
    ['on a half day in the morning', '2026-11-27T17:59:59Z', days, ['2026-11-27']],
    ['on a half day at 13:00', '2026-11-27T18:00:00Z', days, []]
  ])('in New York, %s', (_, at, starts, expected) => {
    expect(running('AAPL', '1d', starts, at)).toEqual(expected)
  })

  test('in Mumbai after the closing auction', () => {
    expect(running('NSE:RELIANCE', '1d', ['2026-11-26'], '2026-11-26T10:00:00Z')).toEqual(['2026-11-26'])
    expect(running('NSE:RELIANCE', '1d', ['2026-11-26'], '2026-11-26T10:05:00Z')).toEqual([])
  })

  test('where a feed is late, that much later', () => {
    const delayed = { delayedBySeconds: 900 }
    expect(running('OCDO.L', '1d', ['2026-11-26'], '2026-11-26T16:49:00Z', delayed)).toEqual(['2026-11-26'])
    expect(running('OCDO.L', '1d', ['2026-11-26'], '2026-11-26T16:50:00Z', delayed)).toEqual([])
    // What is renewed only after a session is not.
    expect(running('AAPL', '1d', ['2026-11-25'], '2026-11-25T21:30:00Z', { delayedBySeconds: 86_400 })).toEqual([])
  })

  test('of a coin at midnight', () => {
    expect(running('BTC-USD', '1d', ['2026-11-28'], '2026-11-28T23:59:59Z')).toEqual(['2026-11-28'])
    expect(running('BTC-USD', '1d', ['2026-11-28'], '2026-11-29T00:00:00Z')).toEqual([])
  })

  test('on an exchange without a calendar at its usual close, and in an unknown zone when the day is over everywhere', () => {
    expect(running('SAP.DE', '1d', ['2026-11-26'], '2026-11-26T16:29:00Z')).toEqual(['2026-11-26'])
    expect(running('SAP.DE', '1d', ['2026-11-26'], '2026-11-26T16:30:00Z')).toEqual([])
    expect(running('ABCDEFG', '1d', ['2026-11-26'], '2026-11-27T11:59:00Z')).toEqual(['2026-11-26'])
    expect(running('ABCDEFG', '1d', ['2026-11-26'], '2026-11-27T12:00:00Z')).toEqual([])
  })
})

describe('a week and a month are complete when their last session has ended', () => {
  test.each([
    ['1wk', '2026-11-23', '2026-11-27T17:59:00Z', true],
    ['1wk', '2026-11-23', '2026-11-27T18:00:00Z', false],
    // Named by its last day, as one vendor does.
    ['1wk', '2026-11-27', '2026-11-27T17:59:00Z', true],
    // Good Friday closes the week of a Thursday.
    ['1wk', '2026-03-30', '2026-04-02T20:00:00Z', false],
    ['1mo', '2026-10-01', '2026-10-30T19:59:00Z', true],
    ['1mo', '2026-10-01', '2026-10-30T20:00:00Z', false]
  ] as const)('%s from %s at %s', (interval, start, at, isRunning) => {
    expect(running('AAPL', interval, [start], at)).toEqual(isRunning ? [start] : [])
  })
})

describe('within the day a bar is complete when its time is over', () => {
  test.each([
    ['1m', '2026-11-25T15:00:00.000Z', '2026-11-25T15:00:59Z', true],
    ['1m', '2026-11-25T15:00:00.000Z', '2026-11-25T15:01:00Z', false],
    ['5m', '2026-11-25T15:00:00.000Z', '2026-11-25T15:04:59Z', true],
    ['1h', '2026-11-25T15:30:00.000Z', '2026-11-25T16:29:59Z', true],
    // The last hour of the session is half an hour.
    ['1h', '2026-11-25T20:30:00.000Z', '2026-11-25T20:59:59Z', true],
    ['1h', '2026-11-25T20:30:00.000Z', '2026-11-25T21:00:00Z', false]
  ] as const)('%s from %s at %s', (interval, start, at, isRunning) => {
    expect(running('AAPL', interval, [start], at)).toEqual(isRunning ? [start] : [])
  })

  test('only what still runs is marked', () => {
    const starts = ['2026-11-25T14:58:00.000Z', '2026-11-25T14:59:00.000Z', '2026-11-25T15:00:00.000Z']
    expect(running('AAPL', '1m', starts, '2026-11-25T15:00:30Z')).toEqual(starts.slice(2))
    expect(running('AAPL', '1m', starts, '2026-11-26T15:00:30Z')).toEqual([])
  })
})
