import { describe, expect, test } from 'vitest'
import { judgeBars } from '../../src/gateway/bar-quality.ts'
import type { Bar } from '../../src/market/bar.ts'
import type { VendorSeries } from '../../src/providers/provider.ts'
import { provenanceOf } from './market.ts'
import { finished } from '../support/finished.ts'
import { shippedHours } from '../support/hours.ts'

const judged = (told: VendorSeries, at: number) => finished(judgeBars(told, at, shippedHours))
const now = Date.parse('2026-03-06T15:00:00Z')
const priced = (start: string, price: number, parts: Partial<Bar> = {}): Bar => ({
  start,
  open: price,
  high: price * 1.01,
  low: price * 0.99,
  close: price,
  volume: 5000,
  ...parts
})
const DAYS = ['2026-02-25', '2026-02-26', '2026-02-27', '2026-03-02', '2026-03-03', '2026-03-04']
const days = (...prices: number[]) => prices.map((price, index) => priced(DAYS[index]!, price))
const week = ['2026-03-02', '2026-03-03', '2026-03-04', '2026-03-05'].map((start) => priced(start, 100))
const series = (bars: Bar[], parts: Partial<VendorSeries> = {}): VendorSeries => ({
  symbol: 'AAPL',
  interval: '1d',
  adjusted: 'splits',
  timeZone: 'America/New_York',
  bars,
  provenance: provenanceOf('yahoo'),
  ...parts
})

describe('a gap is told, and is no reason to doubt what is there', () => {
  const gapOf = (told: VendorSeries) => judged(told, now).doubts.find(({ rule }) => rule === 'gap')
  const without = (date: string) => series(days(10, 10, 10, 10, 10, 10).filter(({ start }) => start !== date))

  test('a session that the calendar has', () => {
    expect(gapOf(without('2026-02-27'))).toMatchObject({ isGap: true, reason: expect.stringContaining('2026-02-27') })
    expect(gapOf(series(days(10, 10, 10, 10, 10, 10)))).toBeUndefined()
  })

  test('not a holiday, nor a year whose holidays nobody listed, nor a day without trades', () => {
    const over = (first: string, last: string) => gapOf(series([priced(first, 10), priced(last, 10)]))
    expect(over('2026-02-13', '2026-02-17')).toBeUndefined()
    expect(over('2019-05-06', '2019-05-08')).toBeUndefined()
    expect(gapOf(series([priced('2026-02-25', 10, { volume: 0 }), priced('2026-02-27', 10)]))).toBeUndefined()
    expect(gapOf(series([priced('2026-02-25', 10), priced('2026-02-27', 10)], { symbol: 'VOW3.DE' }))).toBeUndefined()
  })

  test('not the days of what trades once a week', () => {
    const seldom = ['2026-01-05', '2026-01-14', '2026-01-22', '2026-01-27', '2026-02-05'].map((day) => priced(day, 10))
    expect(gapOf(series(seldom))).toBeUndefined()
  })

  test('a week, a month, a day of a coin, and what the vendor says itself', () => {
    const weeks = [priced('2026-02-02', 10), priced('2026-02-16', 10), priced('2026-02-23', 10)]
    expect(gapOf(series(weeks, { interval: '1wk' }))?.reason).toContain('2026-02-09')
    const months = [priced('2025-12-01', 10), priced('2026-02-01', 10)]
    expect(gapOf(series(months, { interval: '1mo' }))?.reason).toContain('2026-01-01')
    const coin = series([priced('2026-02-27', 10), priced('2026-03-01', 10)], { symbol: 'BTC-USD' })
    expect(gapOf(coin)?.reason).toContain('2026-02-28')
    expect(gapOf(series(week, { withoutPrices: ['2026-03-06'] }))?.reason).toContain('2026-03-06')
  })
})

describe('what lacks at an end of the range is told', () => {
  const asked = (from: string, to: string, parts: Partial<VendorSeries> = {}) => ({
    range: { from: Date.parse(from), to: Date.parse(to) },
    ...parts
  })
  const gapOf = (bars: Bar[], parts: Partial<VendorSeries>) =>
    judged(series(bars, parts), now).doubts.find(({ rule }) => rule === 'gap')?.reason
  const some = days(10, 10, 10, 10)

  test('the days since the last bar', () => {
    expect(gapOf(some, asked('2026-02-25', '2026-03-07'))).toContain('2 bars that there should be: 2026-03-03')
    expect(gapOf(some, asked('2026-02-25', '2026-03-04'))).toContain('1 bars')
    expect(gapOf(some, asked('2026-02-25', '2026-03-03'))).toBeUndefined()
  })

  test('the day that is not over, and the one that ended an hour ago, may lack', () => {
    const untilThursday = days(10, 10, 10, 10, 10, 10).concat(priced('2026-03-05', 10))
    const parts = asked('2026-02-25', '2026-03-08')
    expect(gapOf(untilThursday, parts)).toBeUndefined()
    const evening = Date.parse('2026-03-06T22:00Z')
    expect(judged(series(untilThursday, parts), evening).doubts).toEqual([])
    const weekend = Date.parse('2026-03-07T22:00Z')
    expect(judged(series(untilThursday, parts), weekend).doubts).toMatchObject([{ rule: 'gap' }])
  })

  test('the days before the first bar, unless they are so many that nobody traded it yet', () => {
    expect(gapOf(some, asked('2026-02-23', '2026-03-03'))).toContain('2026-02-23, 2026-02-24')
    expect(gapOf(some, asked('2026-02-20', '2026-03-03'))).toContain('3 bars')
    expect(gapOf(some, asked('2020-01-01', '2026-03-03'))).toBeUndefined()
  })

  test('weeks, months and the days of minutes', () => {
    const weeks = ['2026-02-02', '2026-02-09'].map((start) => priced(start, 10))
    expect(gapOf(weeks, asked('2026-02-02', '2026-03-07', { interval: '1wk' }))).toContain('2 bars')
    const months = ['2025-11-01', '2025-12-01'].map((start) => priced(start, 10))
    expect(gapOf(months, asked('2025-11-01', '2026-03-07', { interval: '1mo' }))).toContain('2026-01-01, 2026-02-01')
    const minutes = [priced('2026-03-03T15:00:00Z', 10), priced('2026-03-03T15:05:00Z', 10)]
    expect(gapOf(minutes, asked('2026-03-02', '2026-03-07', { interval: '5m' }))).toContain('2026-03-04')
    expect(gapOf(minutes, asked('2026-03-02', '2026-03-04', { interval: '5m' }))).toBeUndefined()
  })

  test('not of what trades once a week, nor where no calendar tells when its exchange opens', () => {
    const seldom = ['2026-01-05', '2026-01-14', '2026-01-22', '2026-01-27', '2026-02-05'].map((day) => priced(day, 10))
    expect(gapOf(seldom, asked('2026-01-01', '2026-03-07'))).toBeUndefined()
    expect(gapOf(some, asked('2026-02-23', '2026-03-07', { symbol: 'VOW3.DE' }))).toBeUndefined()
  })
})

test('a money market fund and a currency that is tied are worth the same each day, and a share that is taken down is not', () => {
  const days = [9, 10, 11, 12, 13, 17, 18, 19, 20, 23, 24, 25].map((day) => `2026-02-${String(day).padStart(2, '0')}`)
  const flat = (kind: VendorSeries['kind'], symbol: string) => {
    const bars = days.map((day) => priced(day, 1, { high: 1, low: 1, volume: 0 }))
    return judged(series(bars, { symbol, ...(kind && { kind }) }), now).doubts.map(({ rule }) => rule)
  }
  expect(flat('fund', 'VMFXX')).not.toContain('repeated-price')
  expect(flat(undefined, 'USDAED=X')).not.toContain('repeated-price')
  expect(flat('equity', 'GONE')).toContain('repeated-price')
})
