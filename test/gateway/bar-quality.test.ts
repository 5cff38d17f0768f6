import { describe, expect, test } from 'vitest'
import { judgeBars } from '../../src/gateway/bar-quality.ts'
import { judgeIndices, judgeMovers } from '../../src/gateway/market-wide-quality.ts'
import type { Bar } from '../../src/market/bar.ts'
import type { VendorSeries } from '../../src/providers/provider.ts'
import { aQuote, provenanceOf } from './market.ts'
import { finished } from '../support/finished.ts'
import { shippedHours } from '../support/hours.ts'

const judged = (told: VendorSeries, at: number) => finished(judgeBars(told, at, shippedHours))
const now = Date.parse('2026-03-06T15:00:00Z')
const bar = (start: string, parts: Partial<Bar> = {}): Bar => ({
  start,
  open: 100,
  high: 102,
  low: 99,
  close: 101,
  volume: 5000,
  ...parts
})
const week = ['2026-03-02', '2026-03-03', '2026-03-04', '2026-03-05'].map((start) => bar(start))
const series = (bars: Bar[], parts: Partial<VendorSeries> = {}): VendorSeries => ({
  symbol: 'AAPL',
  interval: '1d',
  adjusted: 'splits',
  timeZone: 'America/New_York',
  bars,
  provenance: provenanceOf('yahoo'),
  ...parts
})

test('leaves a sound series as it is', () => {
  const sound = series(week)
  expect(judged(sound, now)).toEqual({ value: sound, doubts: [] })
})

describe('a backtest never sees a bar', () => {
  test.each<[string, Bar]>([
    ['with a price of zero', bar('2026-03-06', { low: 0 })],
    ['whose low is above its high', bar('2026-03-06', { low: 103, open: 103, close: 103 })],
    ['that closed outside its range', bar('2026-03-06', { close: 105 })],
    ['of negative volume', bar('2026-03-06', { volume: -1 })],
    ['out of order', bar('2026-03-03')],
    ['twice', bar('2026-03-05')],
    ['of tomorrow', bar('2026-03-07')]
  ])('%s', (_, bad) => {
    const { value, doubts } = judged(series([...week, bad]), now)
    expect(value.bars).toEqual(week)
    expect(value.provenance.notes?.[0]).toMatch(/^bars dropped: 1 /)
    expect(doubts).toEqual([])
  })

  test.each<[string, VendorSeries['interval'], string, number]>([
    ['off the grid of five minutes', '5m', '2026-03-05T15:02:11Z', 5000],
    ['off the minute', '1m', '2026-03-05T15:00:41Z', 5000],
    ['off the half hour', '30m', '2026-03-05T15:07:00Z', 5000],
    ['at the bell that ends the session, of no trade', '5m', '2026-03-05T21:00:00Z', 0],
    ['of a night, of no trade', '1h', '2026-03-05T08:30:00Z', 0],
    ['of a Sunday, of no trade', '15m', '2026-03-01T15:00:00Z', 0],
    ['of a night, though it has a volume', '5m', '2026-03-05T08:30:00Z', 5000],
    ['of a Saturday, though it has a volume', '1h', '2026-02-28T15:30:00Z', 5000],
    ['long after the bell, though it has a volume', '15m', '2026-03-05T22:00:00Z', 5000],
    ['of an afternoon on which the exchange closed at one', '30m', '2025-11-28T19:00:00Z', 5000],
    ['of a Saturday', '1d', '2026-02-28', 5000],
    ['of a holiday', '1d', '2025-12-25', 5000]
  ])('%s', (_, interval, start, volume) => {
    const { value, doubts } = judged(series([bar(start, { volume })], { interval }), now)
    expect(value.bars).toEqual([])
    expect(value.provenance.notes?.[0]).toMatch(/^bars dropped: 1 /)
    expect(doubts).toMatchObject([{ rule: 'mostly-bad-bars' }])
  })

  test('of a last trade, where there are few others', () => {
    const few = ['15:35:00', '15:37:41', '15:40:00'].map((time) => bar(`2026-03-05T${time}Z`))
    const { value, doubts } = judged(series(few, { interval: '5m' }), now)
    expect(value.bars.map(({ start }) => start)).toEqual(['2026-03-05T15:35:00Z', '2026-03-05T15:40:00Z'])
    expect(doubts).toEqual([])
  })

  test('of a Sunday of an exchange whose holidays are not known', () => {
    const frankfurt = series(
      [...week, bar('2026-03-01')].toSorted((a, b) => (a.start < b.start ? -1 : 1)),
      { symbol: 'VOW3.DE' }
    )
    expect(judged(frankfurt, now).value.bars).toEqual(week)
  })

  test('that opens in the future of an intraday series', () => {
    const intraday = series([bar('2026-03-06T14:59:00Z'), bar('2026-03-06T15:05:00Z')], { interval: '1m' })
    expect(judged(intraday, now).value.bars).toHaveLength(1)
  })
})

test('a backtest of oil sees the day on which it cost less than nothing', () => {
  const days = [
    bar('2026-03-02', { open: 17.73, high: 17.85, low: -40.32, close: -37.63 }),
    bar('2026-03-03', { open: -14, high: 13.86, low: -16.74, close: 10.01 })
  ]
  const oil = series(days, { symbol: 'CL=F' })
  expect(judged(oil, now)).toEqual({ value: oil, doubts: [] })
  expect(judged(series([...week, ...days]), now).value.bars).toEqual(week)
})

test('keeps the session that has begun in Tokyo while it is still yesterday in UTC', () => {
  const evening = Date.parse('2026-03-05T22:00:00Z')
  const tokyo = series([bar('2026-03-06')], { timeZone: 'Asia/Tokyo' })
  expect(judged(tokyo, Date.parse('2026-03-06T01:00:00Z')).value.bars).toHaveLength(1)
  expect(judged(series([bar('2026-03-06')]), evening).value.bars).toHaveLength(0)
})

test.each<[string, string, VendorSeries['interval'], string, number | undefined]>([
  ['a quarter to four in Mumbai', 'NSE:RELIANCE', '1h', '2026-03-05T03:45:00Z', 5000],
  ['trades after the bell', 'AAPL', '5m', '2026-03-05T21:05:00Z', 5000],
  ['a halt', 'AAPL', '5m', '2026-03-05T15:05:00Z', 0],
  ['the night of a coin', 'BTC-USD', '5m', '2026-03-01T03:05:00Z', 0],
  ['the night of a currency', 'EURUSD=X', '5m', '2026-03-05T03:05:00Z', 0],
  ['the evening of a future', 'CL=F', '5m', '2026-03-05T03:05:00Z', 0],
  ['an index without volume', '^VIX', '15m', '2026-03-05T09:15:00Z', 0],
  ['a time whose holidays are not known', 'AAPL', '1m', '1999-03-06T15:00:00Z', 0],
  ['the hour in which the exchange opens', 'AAPL', '1h', '2026-03-05T14:00:00Z', 5000],
  ['a Saturday of a time when exchanges opened on Saturdays', 'AAPL', '1d', '1950-03-04', 5000],
  ['a Sunday of a coin', 'BTC-USD', '1d', '2026-03-01', 5000],
  ['a Sunday of an exchange whose calendar is not known', 'SABIC.SR', '1d', '2026-03-01', 5000]
])('keeps bars of %s', (_, symbol, interval, start, volume) => {
  const kept = series([bar(start, volume === undefined ? {} : { volume })], { symbol, interval })
  expect(judged(kept, now).value.bars).toHaveLength(1)
})

test('tolerates prices of a bar that were rounded one by one', () => {
  expect(judged(series([bar('2026-03-02', { high: 100.99 })]), now).value.bars).toHaveLength(1)
})

test('rejects a series that is mostly bad', () => {
  const rubbish = week.map((each, index) => (index === 0 ? each : { ...each, close: 0 }))
  expect(judged(series(rubbish), now).doubts).toMatchObject([{ rule: 'mostly-bad-bars', severity: 'hard' }])
})

test('flags a series in which pounds become pence', () => {
  const pence = bar('2026-03-06', { open: 10_000, high: 10_200, low: 9900, close: 10_100 })
  expect(judged(series([...week, pence]), now).doubts).toMatchObject([{ rule: 'unit-jump', severity: 'soft' }])
})

const priced = (start: string, price: number, parts: Partial<Bar> = {}) =>
  bar(start, { open: price, high: price * 1.01, low: price * 0.99, close: price, ...parts })
const DAYS = ['2026-02-25', '2026-02-26', '2026-02-27', '2026-03-02', '2026-03-03', '2026-03-04']
const days = (...prices: number[]) => prices.map((price, index) => priced(DAYS[index]!, price))
const rulesOf = (told: VendorSeries) => judged(told, now).doubts.map(({ rule }) => rule)

describe('a chart whose prices do not follow a split that the vendor lists is in doubt', () => {
  const splitOf = (ratio: number, exDate = '2026-03-02') => [{ exDate, ratio }]
  test.each<[string, number[], VendorSeries['adjusted'], number]>([
    ['old prices left undivided', [400, 404, 402, 101, 100, 102], 'splits', 4],
    ['old prices divided twice', [25, 25.5, 24.8, 101, 100, 102], 'splits', 4],
    ['prices left undivided that ought to be total returns', [302, 300, 299, 100, 99, 101], 'all', 3],
    ['a reverse split left out', [1.02, 1, 1.01, 9.8, 10.1, 10], 'splits', 0.1],
    ['a reverse split applied twice', [100, 101, 99, 10, 10.1, 9.9], 'splits', 0.1],
    ['a split of 3 for 2 left out', [30, 30.3, 30, 20.1, 20, 20.2], 'splits', 1.5],
    ['its date told a day early', [400, 404, 402, 403, 101, 102], 'splits', 4],
    ['divided although it is to be as traded', [100, 101, 100, 101, 100, 102], 'none', 4],
    ['multiplied although it was never divided', [1600, 1616, 1608, 101, 100, 102], 'none', 4]
  ])('%s', (_, prices, adjusted, ratio) => {
    const told = series(days(...prices), { adjusted, splits: splitOf(ratio) })
    expect(rulesOf(told)).toContain('split-not-followed')
  })

  test.each<[string, number[], VendorSeries['adjusted'], number]>([
    ['as traded, the jump is there once', [400, 404, 402, 101, 100, 102], 'none', 4],
    ['as traded, one into a hundredth is no other unit', [1, 1.01, 1, 101, 100, 102], 'none', 0.01],
    ['a market may fall by a third on the day', [100, 101, 100, 70, 72, 71], 'splits', 4],
    ['a small one is no larger than a move of the market', [100, 101, 100, 95, 96, 95], 'splits', 1.05]
  ])('%s, which is right', (_, prices, adjusted, ratio) => {
    expect(rulesOf(series(days(...prices), { adjusted, splits: splitOf(ratio) }))).toEqual([])
  })

  test.each(['2026-02-25', '2026-02-20', '2026-03-05'])('one of %s is outside of what is told', (exDate) => {
    expect(rulesOf(series(days(100, 101, 100, 100, 101, 99), { splits: splitOf(4, exDate) }))).toEqual([])
  })

  test('in weeks and in minutes too, and nobody else is told of the splits', () => {
    const weeks = [priced('2026-02-09', 404), priced('2026-02-16', 101), priced('2026-02-23', 102)]
    const splits = splitOf(4, '2026-02-18')
    const { value, doubts } = judged(series(weeks, { interval: '1wk', splits, kind: 'equity' }), now)
    expect(doubts.map(({ rule }) => rule)).toEqual(['split-not-followed'])
    expect(Object.keys(value)).not.toEqual(expect.arrayContaining(['splits']))
    expect(Object.keys(value)).not.toEqual(expect.arrayContaining(['kind']))
    const minutes = [priced('2026-02-17T20:59:00Z', 404), priced('2026-02-18T14:30:00Z', 101)]
    expect(rulesOf(series(minutes, { interval: '1m', splits }))).toEqual(['split-not-followed'])
  })
})

describe('a jump as by a split that nobody lists is in doubt', () => {
  test.each<[string, number[], Partial<VendorSeries>]>([
    ['a quarter', [404, 402, 101, 100], {}],
    ['ten times', [1, 1.01, 10, 10.2], {}],
    [
      'a third, beside a split that is listed for another day',
      [300, 302, 299, 100, 101, 100],
      { splits: [{ exDate: '2025-03-03', ratio: 3 }] }
    ],
    ['as traded, where the vendor lists splits', [404, 402, 101, 100], { adjusted: 'none', splits: [] }]
  ])('%s', (_, prices, parts) => expect(rulesOf(series(days(...prices), parts))).toContain('split-like-jump'))

  test.each<[string, Bar[], Partial<VendorSeries>]>([
    ['a fall to half that is no ratio of shares', days(100, 101, 54, 55), {}],
    ['a crash, which ranges far', [...days(100, 101), priced(DAYS[2]!, 50, { high: 62, low: 44 })], {}],
    ['a price that falls on', days(100, 101, 50, 31), {}],
    ['as traded, where the vendor lists no splits', days(404, 402, 101, 100), { adjusted: 'none' }],
    ['a coin', days(404, 402, 101, 100), { symbol: 'BTC-USD' }],
    ['a price of ticks', days(0.05, 0.05, 0.1, 0.1), {}]
  ])('not %s', (_, bars, parts) => expect(rulesOf(series(bars, parts))).not.toContain('split-like-jump'))
})

describe('a price that no market makes is in doubt', () => {
  test.each<[string, Bar[]]>([
    ['thousands of times the one before, at the end', days(29.9, 30, 245_397)],
    ['a hundredth, in between', days(30, 30.2, 0.31, 30, 30.1)],
    ['five times those beside it', days(30, 30.2, 151, 30, 30.1)],
    ['a fifth of those beside it', days(30, 30.2, 6, 30, 30.1)],
    ['a high that nothing leads to', [...days(30, 31), priced(DAYS[2]!, 30, { high: 900 })]],
    ['a low that nothing leads to', [...days(30, 31), priced(DAYS[2]!, 30, { low: 0.02 })]]
  ])('%s', (_, bars) => {
    const { value, doubts } = judged(series(bars), now)
    expect(doubts).toMatchObject([{ severity: 'soft' }])
    expect(value.bars).toEqual(bars)
  })

  test.each<[string, VendorSeries]>([
    ['a share that trebles in a day', series(days(10, 10, 31, 29, 33, 40))],
    ['a share of a hundredth of a cent', series(days(0.0001, 0.0002, 0.002, 0.001))],
    ['a yield near zero', series(days(0.003, 0.05, 0.04), { symbol: '^IRX' })],
    [
      'a split of 20 for 1 as traded, which this vendor does not list',
      series(days(2000, 2010, 100), { adjusted: 'none' })
    ]
  ])('%s is none', (_, told) => expect(rulesOf(told)).toEqual([]))

  test('the contract of a month may cost less than nothing as the endless one may', () => {
    const [first, , last] = days(18, 18, 10)
    const oil = [first!, bar(DAYS[1]!, { open: 17, high: 18, low: -40, close: -37 }), last!]
    expect(judged(series(oil, { symbol: 'CLK20.NYM' }), now).value.bars).toHaveLength(3)
    const unspelled = series(oil, { symbol: 'OILX', kind: 'future' })
    expect(judged(unspelled, now).value.bars).toHaveLength(3)
  })
})

test('rates of one digit may be off by half of themselves', () => {
  expect(rulesOf(series(days(0.0001, 0.0001, 0.0001), { symbol: 'IDREUR=X' }))).toEqual(['rounded-rate'])
  expect(rulesOf(series(days(0.0000578, 0.0000581, 0.0000579), { symbol: 'IDREUR=X' }))).toEqual([])
})

describe('bars of another interval than the one asked for are refused', () => {
  const starting = (...starts: string[]) => starts.map((start) => priced(start, 10))
  const minutes = (step: number, count: number) =>
    Array.from({ length: count }, (_, index) =>
      priced(new Date(Date.UTC(2026, 1, 17, 14, 30 + index * step)).toISOString(), 10)
    )
  test.each<[string, VendorSeries['interval'], Bar[]]>([
    ['months for days', '1d', starting('2025-12-01', '2026-01-02', '2026-02-02')],
    [
      'weeks for days',
      '1d',
      starting('2026-01-05', '2026-01-12', '2026-01-19', '2026-01-26', '2026-02-02', '2026-02-09')
    ],
    ['two months for days', '1d', starting('2025-12-01', '2026-01-02')],
    ['three weeks for days', '1d', starting('2026-01-26', '2026-02-02', '2026-02-09')],
    ['three weeks for days, by their last', '1d', starting('2026-02-06', '2026-02-13', '2026-02-20')],
    ['months for weeks', '1wk', starting('2025-12-01', '2026-01-01', '2026-02-02')],
    ['months for weeks, by their Mondays', '1wk', starting('2025-11-24', '2025-12-29', '2026-01-26')],
    ['days for weeks', '1wk', starting('2026-02-02', '2026-02-03', '2026-02-04')],
    ['weeks for months', '1mo', starting('2026-02-02', '2026-02-09', '2026-02-16')],
    ['five minutes for one', '1m', minutes(5, 20)],
    ['one minute for five', '5m', minutes(1, 20)],
    ['an hour for half of it', '30m', minutes(60, 20)],
    [
      'days for hours',
      '1h',
      starting(...[9, 10, 11, 12, 13, 17].map((day) => new Date(Date.UTC(2026, 1, day, 14, 30)).toISOString()))
    ]
  ])('%s', (_, interval, bars) => {
    expect(judged(series(bars, { interval }), now).doubts).toMatchObject([{ rule: 'wrong-interval', severity: 'hard' }])
  })
})

test('a share that trades once a day, each day at another hour, has hours', () => {
  const hours = [14, 19, 16, 15, 18, 17].map((hour, index) => new Date(Date.UTC(2026, 1, 9 + index, hour, 30)))
  const bars = hours.filter((hour) => ![0, 6].includes(hour.getUTCDay())).map((hour) => priced(hour.toISOString(), 10))
  const next = [17, 18].map((day) => priced(new Date(Date.UTC(2026, 1, day, 15, 30)).toISOString(), 10))
  const told = series([...bars, ...next], { interval: '1h' })
  expect(judged(told, now).doubts.filter(({ rule }) => rule === 'wrong-interval')).toEqual([])
})

test('two days a week apart may be two weeks, and two weeks a month apart two months', () => {
  const starting = (...starts: string[]) => starts.map((start) => priced(start, 10))
  const intervalOf = (told: VendorSeries) => judged(told, now).doubts.find(({ rule }) => rule === 'wrong-interval')
  expect(intervalOf(series(starting('2026-02-09', '2026-02-16')))).toMatchObject({ severity: 'soft' })
  expect(intervalOf(series(starting('2026-01-26', '2026-02-23'), { interval: '1wk' }))).toMatchObject({
    severity: 'soft'
  })
  expect(intervalOf(series(starting('2026-02-10', '2026-02-17')))).toBeUndefined()
  expect(intervalOf(series(starting('2026-02-09', '2026-02-16'), { interval: '1wk' }))).toBeUndefined()
})

test('drops a mover that gained 1e41 percent and keeps the others', () => {
  const movers = [
    { symbol: 'JETAX', price: 20, changePercent: 1.29e41 },
    { symbol: 'NVDA', price: 120, changePercent: 4.2 }
  ]
  const { value, doubts } = judgeMovers({ type: 'gainers', movers, provenance: provenanceOf('fmp') }, now, shippedHours)
  expect(value.movers.map(({ symbol }) => symbol)).toEqual(['NVDA'])
  expect(value.provenance.notes).toEqual(['dropped for impossible figures: JETAX'])
  expect(doubts).toEqual([])
})

test('drops an index without a price, marks a doubtful one, and rejects a list with nothing left', () => {
  const asOf = new Date(now).toISOString()
  const indices = [
    aQuote('^GSPC', { price: 5000, asOf }),
    aQuote('^KS11', { price: 0, asOf }),
    aQuote('^VIX', { price: 30, previousClose: 15, asOf })
  ]
  const { value, doubts } = judgeIndices({ indices, provenance: provenanceOf('yahoo') }, now, shippedHours)
  expect(value.indices.map(({ symbol, provenance }) => [symbol, provenance.state])).toEqual([
    ['^GSPC', 'live'],
    ['^VIX', 'suspect']
  ])
  expect(doubts).toEqual([])

  const empty = judgeIndices({ indices: [indices[1]!], provenance: provenanceOf('yahoo') }, now, shippedHours)
  expect(empty.doubts).toMatchObject([{ severity: 'hard' }])
})
