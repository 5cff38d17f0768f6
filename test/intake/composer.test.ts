import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Composer } from '../../src/intake/composer.ts'
import type { MarketEvent, TradeReport } from '../../src/market/event.ts'
import type { Quote } from '../../src/market/quote.ts'
import { eligibilityOf } from '../../src/market/trade-conditions.ts'
import type { Trade } from '../../src/market/trade.ts'
import { quoteOf } from '../support/events.ts'
import { shippedHours } from '../support/hours.ts'

const DATE = '2026-11-30'
const at = (time: string) => `${DATE}T${time}Z`
const POLLED = quoteOf('AAPL', 100, {
  name: 'Apple Inc.',
  previousClose: 90,
  open: 95,
  dayHigh: 102,
  dayLow: 94,
  volume: 5000,
  asOf: at('15:00:00')
})

let sequence = 0
function trade(price: number, size: number, parts: Partial<Trade> = {}): TradeReport {
  const told: Trade = {
    symbol: 'AAPL',
    price,
    size,
    asOf: at('15:30:00'),
    sequence: ++sequence,
    tradeDate: DATE,
    tape: 'C',
    source: 'alpaca',
    feed: 'consolidated',
    receivedAt: at('15:30:01'),
    ...parts
  }
  return { type: 'trade', data: { symbol: 'AAPL', trade: told, timestamp: told.asOf } }
}

/** The quote after the events, and how many were told on the way. */
function composed(events: readonly MarketEvent[], polled?: Quote) {
  const told: Quote[] = []
  const composer = new Composer({
    accept: (event) => event.type === 'quote_update' && told.push(event.data.quote),
    intervalMs: 200,
    hoursOf: shippedHours
  })
  const [first, ...others] = events
  composer.took(first!)
  if (polled) composer.polled(polled)
  for (const event of others) composer.took(event)
  composer.close()
  return { quote: told.at(-1), count: told.length }
}

test('the volume that was polled before the first trade is part of the day', () => {
  const told: Quote[] = []
  const composer = new Composer({
    accept: (event) => event.type === 'quote_update' && told.push(event.data.quote),
    intervalMs: 200,
    hoursOf: shippedHours
  })
  composer.begin(POLLED)
  composer.took(trade(101, 10))
  composer.close()
  expect(told.at(-1)).toMatchObject({ price: 101, volume: 5010, name: 'Apple Inc.', previousClose: 90 })
})

test("a stream's own snapshot, which has no names, takes no name from a quote", () => {
  const told: Quote[] = []
  const composer = new Composer({
    accept: (event) => event.type === 'quote_update' && told.push(event.data.quote),
    intervalMs: 200,
    hoursOf: shippedHours
  })
  composer.begin(POLLED)
  composer.polled(quoteOf('AAPL', 101, { previousClose: 91, dayHigh: 104, asOf: at('15:20:00') }))
  composer.took(trade(102, 10))
  composer.close()
  expect(told.at(-1)).toMatchObject({ name: 'Apple Inc.', previousClose: 91, dayHigh: 104 })
})

describe('the quote of a streamed symbol', () => {
  test('is its last trade, with the reference and the day that a vendor told, and says that it is streamed', () => {
    const { quote } = composed([trade(101, 10), trade(103, 10)], POLLED)
    expect(quote).toMatchObject({
      price: 103,
      name: 'Apple Inc.',
      previousClose: 90,
      change: 13,
      open: 95,
      dayHigh: 103,
      dayLow: 94,
      volume: 5020,
      marketState: 'regular',
      asOf: at('15:30:00'),
      provenance: { source: 'alpaca', feed: 'consolidated', delivery: 'stream', state: 'live' }
    })
  })

  test('has no number that nobody told', () => {
    const { quote } = composed([trade(101, 0.3)])
    expect(quote).not.toHaveProperty('previousClose')
    expect(quote).not.toHaveProperty('change')
    expect(quote).not.toHaveProperty('bid')
    expect(quote!.volume).toBe(0.3)
  })

  test.each([
    ['an odd lot', 'I'],
    ['an average price', 'W'],
    ['a trade of yesterday', 'N'],
    ['a condition that nobody knows', '?']
  ])('is not moved by %s, whose shares count', (_what, condition) => {
    const { quote } = composed([trade(101, 10), trade(150, 7, { conditions: ['@', condition] })])
    expect(quote).toMatchObject({ price: 101, dayHigh: 101, volume: 17 })
  })

  test('does not go back where a trade is told late, whose price counts for the day', () => {
    const { quote } = composed([trade(101, 10, { asOf: at('15:30:00.5') }), trade(99, 10)])
    expect(quote).toMatchObject({ price: 101, dayLow: 99, volume: 20 })
  })

  test('does not take the volume of one venue for that of the market', () => {
    const { quote } = composed([trade(101, 10, { feed: 'iex' }), trade(102, 10, { feed: 'iex' })], POLLED)
    expect(quote).toMatchObject({ price: 102, volume: 5000, provenance: { feed: 'iex' } })
  })

  test('loses the price, the high and the shares of a trade that is cancelled', () => {
    const wrong = trade(500, 10).data.trade
    const { price, size, asOf, tradeDate, ...tick } = wrong
    const replaces = { price, size, asOf, tradeDate }
    const cancel: MarketEvent = {
      type: 'trade_cancel',
      data: {
        symbol: 'AAPL',
        timestamp: at('15:31:00'),
        cancel: { ...tick, asOf: at('15:31:00'), tradeDate, replaces }
      }
    }
    const report: MarketEvent = { type: 'trade', data: { symbol: 'AAPL', trade: wrong, timestamp: asOf } }
    const { quote } = composed([trade(101, 10), report, cancel])
    expect(quote).toMatchObject({ price: 101, volume: 10 })
    expect(quote).not.toHaveProperty('dayHigh')
  })

  const corrected = (id: string, price: number, by: number, asOf: string, tradeDate = DATE): MarketEvent => {
    const right = trade(by, 10, { asOf, tradeId: `${id}b` }).data.trade
    const correction = { ...right, replaces: { tradeDate, tradeId: id, price, size: 10 } }
    return { type: 'trade_correction', data: { symbol: 'AAPL', correction, timestamp: asOf } }
  }

  test('is not moved by what is right of a trade that others came behind', () => {
    const first = trade(100, 10, { tradeId: '1' })
    const [second, third] = [trade(90, 10, { tradeId: '2' }), trade(100, 10, { tradeId: '3', asOf: at('15:30:10') })]
    const { quote } = composed([first, second, third, corrected('1', 100, 91, at('15:31:00'))])
    expect(quote).toMatchObject({ price: 100, asOf: at('15:30:10'), dayLow: 90, volume: 30 })
    const newest = composed([first, second, third, corrected('3', 100, 95, at('15:31:00'))])
    expect(newest.quote).toMatchObject({ price: 95, asOf: at('15:31:00'), volume: 30 })
  })

  test('loses nothing of the day where a trade of a day before is corrected', () => {
    const { quote } = composed([trade(101, 10), trade(99, 10), corrected('1', 101, 50, at('15:31:00'), '2026-11-27')])
    expect(quote).toMatchObject({ price: 99, dayHigh: 101, dayLow: 99, volume: 20 })
  })

  test('keeps its regular price after the session, and tells the other beside it', () => {
    const after = trade(104, 10, { session: 'post', conditions: ['@', 'T'], asOf: at('21:30:00') })
    const { quote } = composed([trade(101, 10), after])
    expect(quote).toMatchObject({
      price: 101,
      marketState: 'post',
      extendedHours: { session: 'post', price: 104, change: 3 }
    })
  })

  test('begins a new day with the close of the one before', () => {
    const { quote } = composed([
      trade(101, 10),
      trade(111.1, 5, { tradeDate: '2026-12-01', asOf: '2026-12-01T14:30:00Z' })
    ])
    expect(quote).toMatchObject({ price: 111.1, previousClose: 101, dayLow: 111.1, open: 111.1, volume: 5 })
  })

  test('has a close to compare with from the opening on, where the stream began before it', () => {
    const before = { asOf: '2026-11-27T18:00:00Z', previousClose: 90, volume: 5000 }
    const events = [trade(99, 5, { session: 'pre', asOf: at('13:00:00') }), trade(100, 10)]
    const { quote } = composed(events, quoteOf('AAPL', 95, { ...before, marketState: 'pre' }))
    expect(quote).toMatchObject({ price: 100, previousClose: 95, change: 5, volume: 10 })
    const during = composed(events, quoteOf('AAPL', 95, { ...before, marketState: 'regular' }))
    expect(during.quote).not.toHaveProperty('previousClose')
  })

  test('is told once in an interval, however many trades there are', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    let count = 0
    const composer = new Composer({ accept: () => count++, intervalMs: 200, hoursOf: shippedHours })
    for (let index = 0; index < 1000; index++) {
      composer.took(trade(100 + index, 1))
      await vi.advanceTimersByTimeAsync(1)
    }
    composer.close()
    expect(count).toBe(5)
  })
})

test('conditions mean nothing where there is no US tape', () => {
  expect(eligibilityOf({ conditions: ['I'] })).toEqual({ last: true, range: true, volume: true })
  expect(eligibilityOf({ tape: 'A', conditions: ['M'] })).toEqual({ last: false, range: false, volume: false })
})
