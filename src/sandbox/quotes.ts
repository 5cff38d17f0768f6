import type { Session } from './calendar.ts'
import type { Instrument } from './universe/instrument.ts'

/** What the exchange shows of an instrument at an instant: prices as traded, in the instrument's price units. */
export type SimulatedQuote = {
  readonly instrument: Instrument
  /** The session that the regular price belongs to. */
  readonly session: Session
  readonly phase: 'pre' | 'regular' | 'post' | 'closed'
  readonly price: number
  readonly previousClose: number
  readonly change: number
  /** 1.27 means 1.27 %. */
  readonly changePercent: number
  readonly open: number
  readonly dayHigh: number
  readonly dayLow: number
  readonly volume: number
  readonly bid: number
  readonly ask: number
  /** Shares. */
  readonly bidSize: number
  readonly askSize: number
  /** Of the regular price; epoch milliseconds, whole seconds. */
  readonly asOf: number
  /** The newest price outside the regular session, where there is one. */
  readonly extended?: { readonly part: 'pre' | 'post'; readonly price: number; readonly asOf: number }
  readonly year: YearStatistics
  /** Shares outstanding times the price, in currency units; absent where nothing is outstanding. */
  readonly marketCap?: number
}

/** Over the sessions before the quote's and the quote itself. */
export type YearStatistics = {
  readonly high: number
  readonly low: number
  readonly average50: number
  readonly average200: number
  readonly averageVolume10: number
  readonly averageVolume63: number
  readonly closeAYearAgo: number
}

/** A bar as traded. Divided by `splitFactor` (volume: multiplied) it is adjusted for the splits known by then. */
export type TradedBar = {
  readonly session: Session
  /** Epoch milliseconds at which the bar opens. */
  readonly start: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
  readonly splitFactor: number
}

/** Rounds to the decimals in which an instrument trades; never to nothing. */
export function ticked({ decimals }: Instrument, price: number): number {
  const scale = 10 ** decimals
  return Math.max(1, Math.round(price * scale)) / scale
}
