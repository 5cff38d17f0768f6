import { describe, expect, test } from 'vitest'
import { judgeBars } from '../../src/gateway/bar-quality.ts'
import { judgeIndices, judgeMovers } from '../../src/gateway/market-wide-quality.ts'
import type { Bar, BarSeries } from '../../src/market/bar.ts'
import { aQuote, provenanceOf } from './market.ts'

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
const series = (bars: Bar[], parts: Partial<BarSeries> = {}): BarSeries => ({
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
  expect(judgeBars(sound, now)).toEqual({ value: sound, doubts: [] })
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
    const { value, doubts } = judgeBars(series([...week, bad]), now)
    expect(value.bars).toEqual(week)
    expect(value.provenance.notes?.[0]).toMatch(/^bars dropped: 1 /)
    expect(doubts).toEqual([])
  })

  test('that opens in the future of an intraday series', () => {
    const intraday = series([bar('2026-03-06T14:59:00Z'), bar('2026-03-06T15:05:00Z')], { interval: '1m' })
    expect(judgeBars(intraday, now).value.bars).toHaveLength(1)
  })
})

test('a backtest of oil sees the day on which it cost less than nothing', () => {
  const days = [
    bar('2026-03-02', { open: 17.73, high: 17.85, low: -40.32, close: -37.63 }),
    bar('2026-03-03', { open: -14, high: 13.86, low: -16.74, close: 10.01 })
  ]
  const oil = series(days, { symbol: 'CL=F' })
  expect(judgeBars(oil, now)).toEqual({ value: oil, doubts: [] })
  expect(judgeBars(series([...week, ...days]), now).value.bars).toEqual(week)
})

test('keeps the session that has begun in Tokyo while it is still yesterday in UTC', () => {
  const evening = Date.parse('2026-03-05T22:00:00Z')
  const tokyo = series([bar('2026-03-06')], { timeZone: 'Asia/Tokyo' })
  expect(judgeBars(tokyo, Date.parse('2026-03-06T01:00:00Z')).value.bars).toHaveLength(1)
  expect(judgeBars(series([bar('2026-03-06')]), evening).value.bars).toHaveLength(0)
})

test('tolerates prices of a bar that were rounded one by one', () => {
  expect(judgeBars(series([bar('2026-03-02', { high: 100.99 })]), now).value.bars).toHaveLength(1)
})

test('rejects a series that is mostly bad', () => {
  const rubbish = week.map((each, index) => (index === 0 ? each : { ...each, close: 0 }))
  expect(judgeBars(series(rubbish), now).doubts).toMatchObject([{ rule: 'mostly-bad-bars', severity: 'hard' }])
})

test('flags a series in which pounds become pence', () => {
  const pence = bar('2026-03-06', { open: 10_000, high: 10_200, low: 9900, close: 10_100 })
  expect(judgeBars(series([...week, pence]), now).doubts).toMatchObject([{ rule: 'unit-jump', severity: 'soft' }])
})

test('drops a mover that gained 1e41 percent and keeps the others', () => {
  const movers = [
    { symbol: 'JETAX', price: 20, changePercent: 1.29e41 },
    { symbol: 'NVDA', price: 120, changePercent: 4.2 }
  ]
  const { value, doubts } = judgeMovers({ type: 'gainers', movers, provenance: provenanceOf('fmp') })
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
  const { value, doubts } = judgeIndices({ indices, provenance: provenanceOf('yahoo') }, now)
  expect(value.indices.map(({ symbol, provenance }) => [symbol, provenance.state])).toEqual([
    ['^GSPC', 'live'],
    ['^VIX', 'suspect']
  ])
  expect(doubts).toEqual([])

  const empty = judgeIndices({ indices: [indices[1]!], provenance: provenanceOf('yahoo') }, now)
  expect(empty.doubts).toMatchObject([{ severity: 'hard' }])
})
