import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CALENDARS } from '../../src/market/calendars.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import { isListed } from '../../src/market/session.ts'
import { dateIn } from '../../src/market/zoned-time.ts'
import { createExchange } from '../../src/sandbox/exchange.ts'
import { expiriesOf } from '../../src/sandbox/option-chains.ts'
import type { TradedBar } from '../../src/sandbox/quotes.ts'
import { runsOf } from '../support/depth.ts'

const DAY_MS = 86_400_000
/** A Wednesday, 11:00 in New York. */
const MIDDAY = Date.parse('2026-10-07T15:00:00Z')
const SATURDAY = Date.parse('2026-10-10T15:00:00Z')

const exchangeAt = (now: number, options: { seed?: number; alwaysOpen?: boolean } = {}) =>
  createExchange({ seed: 1, alwaysOpen: false, ...options, now: () => now })
const find = (exchange: ReturnType<typeof exchangeAt>, symbol: string) => exchange.find(symbol)!

const exchange = exchangeAt(MIDDAY)
const anInstrument = fc.constantFrom(...exchange.instruments)
const anInstant = fc.integer({ min: Date.parse('2014-01-01'), max: MIDDAY })

function holdsTogether({ open, high, low, close }: Pick<TradedBar, 'open' | 'high' | 'low' | 'close'>): boolean {
  return low > 0 && low <= Math.min(open, close) && high >= Math.max(open, close)
}

describe('two processes never disagree about the market', () => {
  test('the same seed gives the same prices, whatever was asked before', () => {
    const asked = exchangeAt(MIDDAY)
    for (const instrument of asked.instruments.toReversed()) asked.quote(instrument, MIDDAY - DAY_MS)
    for (const symbol of ['AAPL', 'OCDO.L', '^GSPC', 'BTC-USD', 'EURUSD=X', 'NSE:TCS']) {
      expect(asked.quote(find(asked, symbol))).toEqual(exchange.quote(find(exchange, symbol)))
    }
  })

  test('another process finds the same quote', () => {
    const module = join(import.meta.dirname, '../../src/sandbox/exchange.ts')
    const code = `import { createExchange } from ${JSON.stringify(module)}
      const exchange = createExchange({ seed: 1, now: () => ${MIDDAY}, alwaysOpen: false })
      process.stdout.write(JSON.stringify(exchange.quote(exchange.find('TSLA'))))`
    const told = execFileSync(process.execPath, ['--input-type=module-typescript', '-e', code], { encoding: 'utf8' })
    expect(JSON.parse(told)).toEqual(exchange.quote(find(exchange, 'TSLA')))
  })

  test('another seed is another market', () => {
    const other = exchangeAt(MIDDAY, { seed: 2 })
    expect(other.quote(find(other, 'AAPL')).price).not.toBe(exchange.quote(find(exchange, 'AAPL')).price)
  })

  test('history does not change as time goes on', () => {
    const later = exchangeAt(MIDDAY + 30 * DAY_MS)
    const bars = (of: typeof exchange) => of.dailyBars(find(of, 'MSFT'), '2026-09-01', '2026-10-02')
    expect(bars(later)).toEqual(bars(exchange))
  })
})

describe('bars hold together', () => {
  test('low, open, close and high of any day are in order, and shares trade every day', () => {
    fc.assert(
      fc.property(anInstrument, anInstant, (instrument, at) => {
        const to = new Date(at).toISOString().slice(0, 10)
        const from = new Date(at - 20 * DAY_MS).toISOString().slice(0, 10)
        for (const bar of exchange.dailyBars(instrument, from, to)) {
          expect(holdsTogether(bar)).toBe(true)
          if (instrument.kind === 'equity') expect(bar.volume).toBeGreaterThan(0)
        }
      }),
      { numRuns: runsOf(60) }
    )
  })

  test.each([false, true])('minutes add up to their day (always open: %s)', (alwaysOpen) => {
    const later = exchangeAt(MIDDAY, { alwaysOpen })
    fc.assert(
      fc.property(anInstrument, fc.integer({ min: 1, max: 2000 }), (instrument, back) => {
        const calendar = later.calendar(instrument)
        const session = calendar.session(calendar.sessionAt(MIDDAY).index - back)
        const span = { from: session.open, to: session.close, extendedHours: false }
        const minutes = later.intradayBars(instrument, { stepMinutes: 1, ...span })
        const [day] = later.dailyBars(instrument, session.date, session.date)
        expect(minutes.every(holdsTogether)).toBe(true)
        expect(minutes[0]!.open).toBe(day!.open)
        expect(minutes.at(-1)!.close).toBe(day!.close)
        expect(Math.max(...minutes.map(({ high }) => high))).toBe(day!.high)
        expect(Math.min(...minutes.map(({ low }) => low))).toBe(day!.low)
        const traded = minutes.reduce((sum, { volume }) => sum + volume, 0)
        // Minutes of a day before a split are rounded to whole shares one by one.
        expect(Math.abs(traded - day!.volume)).toBeLessThanOrEqual(minutes.length)
      }),
      { numRuns: runsOf(40) }
    )
  })

  test('a chart of minutes has no ceiling: few minutes of a day reach its high or its low', () => {
    const days = [1, 2, 3, 4, 5].flatMap((back) => {
      const aapl = find(exchange, 'AAPL')
      const calendar = exchange.calendar(aapl)
      const { open, close } = calendar.session(calendar.sessionAt(MIDDAY).index - back)
      return [exchange.intradayBars(aapl, { stepMinutes: 1, from: open, to: close, extendedHours: false })]
    })
    const atTheEdge = days.flatMap((minutes) => {
      const high = Math.max(...minutes.map((minute) => minute.high))
      const low = Math.min(...minutes.map((minute) => minute.low))
      return minutes.filter((minute) => minute.high === high || minute.low === low)
    })
    expect(atTheEdge.length).toBeLessThanOrEqual(12 * days.length)
  })

  test('a running quote agrees with the minutes so far', () => {
    fc.assert(
      fc.property(anInstrument, fc.integer({ min: 0, max: 6 * 3600 }), (instrument, seconds) => {
        const session = exchange.calendar(instrument).sessionAt(MIDDAY)
        const at = Math.min(MIDDAY, session.open + seconds * 1000)
        const quote = exchange.quote(instrument, at)
        const span = { from: session.open, to: at + 1, extendedHours: false }
        const minutes = exchange.intradayBars(instrument, { stepMinutes: 1, ...span }, at)
        expect(holdsTogether({ ...quote, high: quote.dayHigh, low: quote.dayLow, close: quote.price })).toBe(true)
        if (minutes.length === 0) return
        expect(Math.max(...minutes.map(({ high }) => high))).toBeCloseTo(quote.dayHigh, 6)
        expect(Math.min(...minutes.map(({ low }) => low))).toBeCloseTo(quote.dayLow, 6)
      }),
      { numRuns: runsOf(30) }
    )
  })

  test('bars of any length begin where the one before ended in time, and cover the same range', () => {
    const apple = find(exchange, 'AAPL')
    const span = {
      from: Date.parse('2026-10-06T13:30:00Z'),
      to: Date.parse('2026-10-06T20:00:00Z'),
      extendedHours: false
    }
    const minutes = exchange.intradayBars(apple, { stepMinutes: 1, ...span })
    for (const stepMinutes of [5, 15, 30, 60]) {
      const bars = exchange.intradayBars(apple, { stepMinutes, ...span })
      expect(bars.length).toBe(Math.ceil(390 / stepMinutes))
      expect(Math.max(...bars.map(({ high }) => high))).toBe(Math.max(...minutes.map(({ high }) => high)))
      expect(bars.map(({ close }) => close).at(-1)).toBe(minutes.at(-1)!.close)
    }
  })
})

describe('the exchange keeps its hours', () => {
  test('a quote moves within seconds in session and rests afterwards', () => {
    const apple = find(exchange, 'AAPL')
    const prices = Array.from({ length: 30 }, (_, second) => exchange.quote(apple, MIDDAY + second * 1000).price)
    expect(new Set(prices).size).toBeGreaterThan(5)
    const [friday, sunday] = [exchange.quote(apple, SATURDAY), exchange.quote(apple, SATURDAY + DAY_MS)]
    expect(friday).toMatchObject({ phase: 'closed', price: sunday.price })
    expect(new Date(friday.asOf).toISOString()).toBe('2026-10-09T20:00:00.000Z')
  })

  test('always open, every day is a session from midnight to midnight, on both sides of a change of clocks', () => {
    const open = exchangeAt(SATURDAY, { alwaysOpen: true })
    const apple = find(open, 'AAPL')
    expect(open.quote(apple)).toMatchObject({ phase: 'regular', session: { date: '2026-10-10' } })
    const days = open.dailyBars(apple, '2026-03-06', '2026-03-10')
    expect(days.map(({ session }) => session.date)).toEqual([
      '2026-03-06',
      '2026-03-07',
      '2026-03-08',
      '2026-03-09',
      '2026-03-10'
    ])
    expect(days.map(({ start }) => new Date(start).toISOString().slice(11, 16))).toEqual([
      '05:00',
      '05:00',
      '05:00',
      '04:00',
      '04:00'
    ])
  })

  test.each([1000, 250, 20])('with ticks of %s ms its price moves with every tick', (tickMs) => {
    const open = createExchange({ seed: 1, alwaysOpen: true, tickMs, now: () => SATURDAY })
    for (const symbol of ['AAPL', 'OCDO.L', 'BTC-USD', 'EURUSD=X', 'NVDA']) {
      const prices = Array.from(
        { length: 60 },
        (_, tick) => open.quote(find(open, symbol), SATURDAY + tick * tickMs).price
      )
      const moved = prices.slice(1).filter((price, at) => price !== prices[at]).length
      expect(moved, symbol).toBeGreaterThanOrEqual(57)
      const everyOther = prices.filter((_, tick) => tick % 2 === 0)
      const movedAgain = everyOther.slice(1).filter((price, at) => price !== everyOther[at]).length
      expect(movedAgain, symbol).toBeGreaterThanOrEqual(27)
    }
  })

  test('an expiry that is over is none any more', () => {
    const apple = find(exchange, 'AAPL')
    const friday = Date.parse('2026-10-09T20:00:00Z')
    expect(expiriesOf(exchange, apple, friday - 1)[0]).toBe('2026-10-09')
    for (const at of [friday, friday + DAY_MS, friday + 2 * DAY_MS]) {
      expect(expiriesOf(exchange, apple, at)[0]).toBe('2026-10-16')
    }
  })

  test('holidays and clock changes: Thanksgiving rests, and the open is 09:30 in New York on both sides of March', () => {
    const apple = find(exchange, 'AAPL')
    const dates = (from: string, to: string) => exchange.dailyBars(apple, from, to).map(({ session }) => session.date)
    expect(dates('2025-11-26', '2025-11-28')).toEqual(['2025-11-26', '2025-11-28'])
    expect(dates('2025-04-17', '2025-04-21')).toEqual(['2025-04-17', '2025-04-21'])
    const opens = exchange
      .dailyBars(apple, '2026-03-06', '2026-03-09')
      .map(({ start }) => new Date(start).toISOString())
    expect(opens).toEqual(['2026-03-06T14:30:00.000Z', '2026-03-09T13:30:00.000Z'])
  })

  test('half days and holidays are those that the market status tells, as far as its lists reach', () => {
    const clock = new SessionClock(CALENDARS)
    const between = { min: Date.parse('2025-01-01'), max: Date.parse('2026-12-31') }
    fc.assert(
      fc.property(fc.integer(between), fc.constantFrom('AAPL', 'OCDO.L', 'NSE:TCS', 'BTC-USD'), (at, symbol) => {
        const { calendar } = clock.hoursOf(symbol)!
        if (!isListed(calendar, dateIn(calendar.timeZone, at))) return
        const told = clock.statusOfSymbol(symbol, at)!.marketState
        const phase = exchange.calendar(find(exchange, symbol)).phaseAt(at)
        if (symbol !== 'NSE:TCS' || told !== 'pre') expect(phase).toBe(told)
      }),
      { numRuns: runsOf(100) }
    )
    const { close } = exchange.calendar(find(exchange, 'AAPL')).sessionOnOrAfter('2026-11-27')
    expect(new Date(close).toISOString()).toBe('2026-11-27T18:00:00.000Z')
  })

  test('before the opening there is a price of the hours before it', () => {
    const early = Date.parse('2026-10-07T12:00:00Z')
    const quote = exchange.quote(find(exchange, 'AAPL'), early)
    expect(quote).toMatchObject({
      phase: 'pre',
      session: { date: '2026-10-06' },
      extended: { part: 'pre', asOf: early }
    })
  })
})

describe('splits', () => {
  test('prices as traded jump by the ratio, adjusted prices do not', () => {
    const nvidia = find(exchange, 'NVDA')
    const [before, after] = exchange.dailyBars(nvidia, '2024-06-07', '2024-06-10')
    expect(before!.splitFactor).toBe(10)
    expect(after!.splitFactor).toBe(1)
    expect(before!.close / after!.open).toBeGreaterThan(7)
    expect(Math.abs(before!.close / before!.splitFactor / after!.open - 1)).toBeLessThan(0.25)
  })

  test('nobody knows of a split before its day', () => {
    const earlier = exchangeAt(Date.parse('2024-06-07T18:00:00Z'))
    const nvidia = find(earlier, 'NVDA')
    expect(earlier.splits(nvidia).map(({ exDate }) => exDate)).toEqual(['2021-07-20'])
    expect(earlier.dailyBars(nvidia, '2024-06-06', '2024-06-06')[0]!.splitFactor).toBe(1)
    expect(earlier.quote(nvidia).price).toBeGreaterThan(300)
  })
})

describe('speed', () => {
  test('a hundred quotes take under 5 ms, and five years of days under 20 ms', () => {
    const hundred = exchange.instruments.slice(0, 100)
    const timed = (work: () => void) => {
      const start = performance.now()
      work()
      return performance.now() - start
    }
    for (let round = 0; round < 20; round++)
      for (const instrument of hundred) exchange.quote(instrument, MIDDAY + round)
    const quotes = Array.from({ length: 15 }, () =>
      timed(() => hundred.forEach((each) => exchange.quote(each, MIDDAY)))
    )
    expect(Math.min(...quotes)).toBeLessThan(5)
    const years = Array.from({ length: 5 }, (_, index) =>
      timed(() => exchange.dailyBars(exchange.instruments[index + 200]!, '2021-10-07', '2026-10-07'))
    )
    expect(Math.min(...years)).toBeLessThan(20)
  })
})
