import type { Split } from '../market/corporate-action.ts'
import { MINUTE_MS } from '../market/time.ts'
import { dayOfDate, TradingCalendar, type Session } from './calendar.ts'
import { dividendsUntil, splitFactorAfter, splitsUntil, type SimulatedDividend } from './corporate-actions.ts'
import { Intraday, type MinuteTrading, type SessionPart, type Trading } from './intraday.ts'
import { integerBetween, mix } from './noise.ts'
import { ticked, type SimulatedQuote, type TradedBar, type YearStatistics } from './quotes.ts'
import type { Instrument } from './universe/instrument.ts'
import { UNIVERSE } from './universe/universe.ts'
import { MARKET_HOURS, VENUES, type MarketName } from './venues.ts'
import { DailyWalks } from './walks.ts'

const DAYS_PER_YEAR = 365
/** Bid and ask stand a hundredth of a percent off the price, and at least one tick. */
const HALF_SPREAD = 0.0001

export type ExchangeOptions = {
  seed: number
  now: () => number
  /** Every venue trades around the clock, on weekends and holidays too, so that prices move whenever somebody looks. */
  alwaysOpen: boolean
  /** How often the price of everything that trades changes. */
  tickMs?: number
  /** What is listed; the whole universe unless told. */
  instruments?: readonly Instrument[]
}

/** Which one-minute or longer bars: `from` inclusive, `to` exclusive, epoch milliseconds. */
export type IntradayRequest = { stepMinutes: number; from: number; to: number; extendedHours: boolean }

/**
 * A simulated exchange. Everything it shows is a function of the seed, the instrument and an instant (`at`, by default
 * now): two processes with one seed agree, and nothing is ever seen before its time.
 */
export interface Exchange {
  readonly seed: number
  readonly instruments: readonly Instrument[]
  now(): number
  /** By canonical symbol. */
  find(symbol: string): Instrument | undefined
  calendar(instrument: Pick<Instrument, 'venue'>): TradingCalendar
  quote(instrument: Instrument, at?: number): SimulatedQuote
  /** Bars of the sessions dated `from` to `to` (both inclusive) that have opened, oldest first; the last may be partial. */
  dailyBars(instrument: Instrument, from: string, to: string, at?: number): TradedBar[]
  intradayBars(instrument: Instrument, request: IntradayRequest, at?: number): TradedBar[]
  /** Oldest first. */
  splits(instrument: Instrument, at?: number): readonly Split[]
  dividends(instrument: Instrument, at?: number): SimulatedDividend[]
  /** A hash key for whatever else is made up about an instrument. */
  keyOf(instrument: Instrument): number
  /** Standard deviation of the daily log return. */
  dailyDeviation(instrument: Instrument): number
}

export function createExchange(options: ExchangeOptions): Exchange {
  const { seed, now, alwaysOpen, tickMs = 1000, instruments = UNIVERSE } = options
  const calendars = new Map<MarketName, TradingCalendar>()
  const bySymbol = new Map(instruments.map((instrument) => [instrument.symbol, instrument]))
  const walks = new DailyWalks(seed, calendar)
  const intraday = new Intraday(walks, tickMs)
  const closedYears = new Map<string, { index: number; year: YearStatistics }>()

  function calendar({ venue }: Pick<Instrument, 'venue'>): TradingCalendar {
    const { market } = VENUES[venue]
    let known = calendars.get(market)
    if (!known) calendars.set(market, (known = new TradingCalendar(MARKET_HOURS[market], alwaysOpen)))
    return known
  }

  function quote(instrument: Instrument, at = now()): SimulatedQuote {
    const hours = calendar(instrument)
    const session = hours.sessionAt(at)
    const split = splitFactorAfter(instrument, session.date)
    const tick = (price: number) => ticked(instrument, price * split)
    const trading = intraday.upTo(instrument, session, 'regular', at) ?? opening(instrument, session)
    const price = tick(trading.close)
    const previousClose = tick(walks.day(instrument, session.index).previousClose)
    const asOf = Math.floor(Math.min(at, session.close) / 1000) * 1000
    const extended = extendedPrice(instrument, hours, session, at, tick)
    const dayHigh = tick(trading.high)
    const dayLow = tick(trading.low)
    return {
      instrument,
      session,
      phase: hours.phaseAt(at),
      price,
      previousClose,
      change: price - previousClose,
      changePercent: (price / previousClose - 1) * 100,
      open: tick(trading.open),
      dayHigh,
      dayLow,
      volume: Math.round(trading.volume / split),
      ...bookAround(instrument, price, mix(walks.keyOf(instrument), Math.floor(asOf / 5000))),
      asOf,
      ...(extended && { extended }),
      year: yearUntil(instrument, session, dayHigh, dayLow),
      ...(instrument.shares && { marketCap: (price * instrument.shares) / split / instrument.unitsPerMajor })
    }
  }

  function opening(instrument: Instrument, session: Session): Trading {
    const { open } = walks.day(instrument, session.index)
    return { open, high: open, low: open, close: open, volume: 0 }
  }

  function extendedPrice(
    instrument: Instrument,
    hours: TradingCalendar,
    session: Session,
    at: number,
    tick: (price: number) => number
  ): SimulatedQuote['extended'] {
    const next = hours.session(session.index + 1)
    const seen = (part: 'pre' | 'post', of: Session, end: number) => {
      const trading = intraday.upTo(instrument, of, part, at)
      if (!trading) return undefined
      return { part, price: tick(trading.close), asOf: Math.floor(Math.min(at, end) / 1000) * 1000 }
    }
    return seen('pre', next, next.open) ?? seen('post', session, session.postClose)
  }

  function yearUntil(instrument: Instrument, session: Session, dayHigh: number, dayLow: number): YearStatistics {
    let known = closedYears.get(instrument.symbol)
    if (known?.index !== session.index) {
      known = { index: session.index, year: closedYear(instrument, session) }
      closedYears.set(instrument.symbol, known)
    }
    const { year } = known
    return { ...year, high: Math.max(year.high, dayHigh), low: Math.min(year.low, dayLow) }
  }

  /** The year up to the session before, in the price units of this session. */
  function closedYear(instrument: Instrument, session: Session): YearStatistics {
    const split = splitFactorAfter(instrument, session.date)
    const tick = (price: number) => ticked(instrument, price * split)
    const firstDay = dayOfDate(session.date) - DAYS_PER_YEAR
    const count = Math.max(1, session.index - calendar(instrument).indexOnOrBefore(firstDay))
    const days = Array.from({ length: count }, (_, back) =>
      walks.day(instrument, Math.max(0, session.index - 1 - back))
    )
    const mean = (length: number, value: (day: (typeof days)[number]) => number) => {
      const recent = days.slice(0, length)
      return recent.reduce((sum, day) => sum + value(day), 0) / recent.length
    }
    return {
      high: tick(Math.max(...days.map(({ high }) => high))),
      low: tick(Math.min(...days.map(({ low }) => low))),
      average50: mean(50, ({ close }) => close) * split,
      average200: mean(200, ({ close }) => close) * split,
      averageVolume10: Math.round(mean(10, ({ volume }) => volume) / split),
      averageVolume63: Math.round(mean(63, ({ volume }) => volume) / split),
      closeAYearAgo: tick(days.at(-1)!.close)
    }
  }

  function traded(instrument: Instrument, session: Session, start: number, trading: Trading, at: number): TradedBar {
    const split = splitFactorAfter(instrument, session.date)
    return {
      session,
      start,
      open: ticked(instrument, trading.open * split),
      high: ticked(instrument, trading.high * split),
      low: ticked(instrument, trading.low * split),
      close: ticked(instrument, trading.close * split),
      volume: Math.round(trading.volume / split),
      splitFactor: split / splitFactorAfter(instrument, calendar(instrument).sessionAt(at).date)
    }
  }

  function dailyBars(instrument: Instrument, from: string, to: string, at = now()): TradedBar[] {
    const hours = calendar(instrument)
    const bars: TradedBar[] = []
    for (let session = hours.sessionOnOrAfter(from); session.date <= to; session = hours.session(session.index + 1)) {
      if (session.open > at) break
      const over = at >= session.close
      const trading = over ? walks.day(instrument, session.index) : intraday.upTo(instrument, session, 'regular', at)!
      bars.push(traded(instrument, session, session.open, trading, at))
    }
    return bars
  }

  function intradayBars(instrument: Instrument, request: IntradayRequest, at = now()): TradedBar[] {
    const hours = calendar(instrument)
    const until = Math.min(request.to, at + 1)
    const parts: readonly SessionPart[] = request.extendedHours ? ['pre', 'regular', 'post'] : ['regular']
    const bars: TradedBar[] = []
    let session = hours.sessionAt(request.from)
    for (; session.preOpen < until; session = hours.session(session.index + 1)) {
      if (session.postClose <= request.from) continue
      for (const part of parts) {
        const minutes = intraday.minutes(instrument, session, part, Math.min(until, at))
        for (const bar of grouped(minutes, request.stepMinutes)) {
          if (bar.start >= request.from && bar.start < request.to)
            bars.push(traded(instrument, session, bar.start, bar, at))
        }
      }
    }
    return bars
  }

  return {
    seed,
    instruments,
    now,
    find: (symbol) => bySymbol.get(symbol),
    calendar,
    quote,
    dailyBars,
    intradayBars,
    splits: (instrument, at = now()) => splitsUntil(instrument, calendar(instrument).sessionAt(at).date),
    dividends: (instrument, at = now()) =>
      dividendsUntil(instrument, calendar(instrument), calendar(instrument).sessionAt(at).date),
    keyOf: (instrument) => walks.keyOf(instrument),
    dailyDeviation: (instrument) => walks.dailyDeviation(instrument)
  }
}

function bookAround(instrument: Instrument, price: number, key: number) {
  const half = Math.max(10 ** -instrument.decimals, price * HALF_SPREAD)
  return {
    bid: ticked(instrument, price - half),
    ask: ticked(instrument, price + half),
    bidSize: 100 * integerBetween(1, 12, key, 1),
    askSize: 100 * integerBetween(1, 12, key, 2)
  }
}

/** Puts minutes together into longer bars that begin with the part of the session they belong to. */
function grouped(minutes: readonly MinuteTrading[], step: number): MinuteTrading[] {
  const bars: MinuteTrading[] = []
  const stepMs = step * MINUTE_MS
  let current: { start: number; open: number; high: number; low: number; close: number; volume: number } | undefined
  for (const minute of minutes) {
    if (!current || minute.start >= current.start + stepMs) {
      current = { ...minute }
      bars.push(current)
      continue
    }
    current.high = Math.max(current.high, minute.high)
    current.low = Math.min(current.low, minute.low)
    current.close = minute.close
    current.volume += minute.volume
  }
  return bars
}
