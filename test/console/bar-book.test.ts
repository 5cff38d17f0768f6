import { describe, expect, test } from 'vitest'
import { BarBook } from '../../src/console/chart/bar-book.ts'
import { INDICATORS as DRAWN, IndicatorRun } from '../../src/console/chart/indicators.ts'
import { timeframeOf } from '../../src/console/chart/timeframes.ts'
import type { BarUpdate } from '../../src/market/event.ts'
import type { Provenance } from '../../src/market/provenance.ts'
import type { Bar, BarSeries } from '../../src/market/bar.ts'
import { INDICATORS } from '../../src/market-data/technical-indicators.ts'
import { quoteOf } from '../support/events.ts'

const at = (minute: number, second = 0) => new Date(Date.UTC(2026, 10, 30, 15, minute, second)).toISOString()
const bar = (minute: number, close: number, more: Partial<Bar> = {}): Bar => ({
  start: at(minute),
  open: close,
  high: close + 1,
  low: close - 1,
  close,
  volume: 100,
  ...more
})
const provenance = (receivedAt: string, source = 'yahoo'): Provenance => ({
  source,
  feed: 'sandbox',
  receivedAt,
  state: 'live',
  attempts: []
})
const history = (bars: Bar[], receivedAt = at(3, 10)): BarSeries => ({
  symbol: 'AAPL',
  interval: '1m',
  adjusted: 'splits',
  timeZone: 'America/New_York',
  bars,
  provenance: provenance(receivedAt)
})
const told = (minute: number, close: number, more: Partial<BarUpdate['data']> = {}): BarUpdate['data'] => ({
  symbol: 'AAPL',
  interval: '1m',
  bar: bar(minute, close),
  state: 'provisional',
  revision: 0,
  provenance: provenance(at(minute), 'alpaca-trades'),
  timestamp: at(minute, 30),
  ...more
})
const closes = (book: BarBook) => book.bars.map(({ close }) => close)

describe('the bars of a chart', () => {
  test('go on from history to the stream without a seam: each minute once, whatever comes first', () => {
    const book = new BarBook(timeframeOf('1m'))
    book.addTold(told(3, 13))
    book.addTold(told(2, 12.5, { state: 'final' }))
    book.addHistory(history([bar(1, 11), bar(2, 12), bar(3, 99, { complete: false })]))
    expect(closes(book)).toEqual([11, 12, 13])
    expect(book.addTold(told(3, 13.5, { timestamp: at(3, 40) }))).toEqual({ from: 2 })
    expect(book.addTold(told(4, 14))).toEqual({ from: 3 })
    expect(closes(book)).toEqual([11, 12, 13.5, 14])
    expect(book.addTold(told(3, 13, { timestamp: at(3, 20) }))).toEqual({ from: 4 })
    expect(book.bars.map(({ isRunning }) => isRunning)).toEqual([false, false, true, true])
  })

  test('end with the newest price: that of the quote where it is later than what was told of the bar', () => {
    const book = new BarBook(timeframeOf('1m'))
    book.addHistory(history([bar(1, 11), bar(2, 12), bar(3, 13, { complete: false })]))
    book.addQuote(quoteOf('AAPL', 15, { asOf: at(3, 5) }))
    expect(closes(book)).toEqual([11, 12, 13])
    book.addQuote(quoteOf('AAPL', 15, { asOf: at(3, 20) }))
    expect(book.bars.at(-1)).toMatchObject({ close: 15, high: 15, low: 12, volume: 100 })
    book.addTold(told(3, 14, { timestamp: at(3, 30) }))
    expect(book.bars.at(-1)).toMatchObject({ close: 14, high: 15, low: 13 })
    book.addQuote(quoteOf('AAPL', 16, { asOf: at(5, 1) }))
    expect(book.bars.at(-1)).toMatchObject({ start: at(5), open: 16, close: 16, isRunning: true })
    book.addQuote(quoteOf('AAPL', 1, { asOf: at(2, 1) }))
    expect(closes(book)).toEqual([11, 12, 14, 16])
  })

  test('of days are of the regular session: a price after it changes none', () => {
    const book = new BarBook(timeframeOf('1d'))
    const day = { start: '2026-11-30', open: 10, high: 12, low: 9, close: 11, volume: 1000, complete: false as const }
    book.addHistory({ ...history([day], at(3)), interval: '1d' })
    const quote = { open: 10, dayHigh: 14, dayLow: 8, volume: 2000, asOf: at(20) }
    book.addQuote(quoteOf('AAPL', 50, { ...quote, marketState: 'post' }))
    expect(closes(book)).toEqual([11])
    book.addQuote(quoteOf('AAPL', 13, { ...quote, marketState: 'regular' }))
    expect(book.bars).toMatchObject([{ start: '2026-11-30', high: 14, low: 8, close: 13, volume: 2000 }])
  })

  test('that were corrected or taken back are shown so, and another series does not mix into them', () => {
    const book = new BarBook(timeframeOf('1m'))
    book.addHistory(history([bar(1, 11)]))
    book.addTold(told(2, 12, { state: 'final' }))
    book.addTold(told(2, 77, { provenance: provenance(at(2), 'alpaca'), timestamp: at(9) }))
    book.addTold(told(3, 13, { state: 'final' }))
    expect(book.addTold(told(2, 12.2, { state: 'corrected', revision: 1 }))).toEqual({ from: 1 })
    expect(closes(book)).toEqual([11, 12.2, 13])
    expect(book.addTold(told(3, 13, { state: 'withdrawn', revision: 1 }))).toBe('all')
    expect(closes(book)).toEqual([11, 12.2])
  })
})

test('indicators on the chart are those of the server', () => {
  const prices = Array.from({ length: 150 }, (_, index) => 100 + Math.sin(index) * 5 + index * 0.1)
  const series = { ...history(prices.map((price, minute) => bar(minute, price))), interval: '1d' as const }
  for (const drawn of DRAWN) {
    const { defaults, start } = INDICATORS[drawn.id as keyof typeof INDICATORS]
    const compute = start(defaults, series)
    const run = new IndicatorRun(drawn)
    run.update(prices.slice(0, 100), 0)
    run.update([...prices.slice(0, 99), 1], 99)
    run.update(prices, 99)
    series.bars.forEach((each, index) => {
      const expected = compute(each)
      for (const { key } of drawn.lines) {
        const where = `${drawn.id} ${key} ${index}`
        const value = run.valueAt(index, key)
        if (expected?.[key] === undefined) expect([where, value]).toEqual([where, undefined])
        else expect([where, Math.abs(value! - expected[key]) < 1e-9]).toEqual([where, true])
      }
    })
  }
})
