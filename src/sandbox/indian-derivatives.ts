import { dateOfDay, dayOfDate } from './calendar.ts'
import type { Exchange } from './exchange.ts'
import type { Instrument } from './universe/instrument.ts'

const TUESDAY = 2
const WEEKLY_EXPIRIES = 4
const MONTHLY_EXPIRIES = 3
/** When contracts end, in minutes after midnight. */
const CLOSE_MINUTE = 15 * 60 + 40
/** Strikes stay put while the index moves by so many of them. */
const CENTRE_STEPS = 10
const INDEX_STRIKES_EACH_SIDE = 30
const SHARE_STRIKES_EACH_SIDE = 10

/** What the exchange writes an index as, how far its strikes are apart, its lot, and whether there is a contract each week. */
const INDICES: Readonly<Record<string, { root: string; step: number; lot: number; isWeekly?: true }>> = {
  '^NSEI': { root: 'NIFTY', step: 50, lot: 75, isWeekly: true },
  '^NSEBANK': { root: 'BANKNIFTY', step: 100, lot: 35 },
  '^NIFTY_FIN_SERVICE': { root: 'FINNIFTY', step: 50, lot: 65 },
  '^NIFTY_MID_SELECT': { root: 'MIDCPNIFTY', step: 25, lot: 140 }
}

/** A future, or with a right an option, on an index or a share of the simulated NSE. */
export type SimulatedDerivative = {
  readonly underlying: Instrument
  readonly root: string
  /** YYYY-MM-DD. */
  readonly expiry: string
  readonly isWeekly: boolean
  readonly right?: 'call' | 'put'
  readonly strike?: number
  readonly lot: number
  /** The exchange's number for it. */
  readonly token: string
}

/** All that are listed at an instant (epoch ms), by underlying, expiry and strike. */
export function indianDerivatives(exchange: Exchange, at = exchange.now()): SimulatedDerivative[] {
  const underlyings = exchange.instruments.filter(({ symbol }) => symbol.startsWith('NSE:') || symbol in INDICES)
  return underlyings.flatMap((underlying, number) => {
    const terms = termsOf(exchange, underlying, at)
    const expiries = expiriesOf(exchange, underlying, terms.isWeekly, at)
    return expiries.flatMap((expiry) => contractsOf(underlying, number, expiry, terms))
  })
}

type Terms = { root: string; step: number; lot: number; isWeekly: boolean; strikes: number[] }
type Expiry = { readonly date: string; readonly isWeekly: boolean }

function termsOf(exchange: Exchange, underlying: Instrument, at: number): Terms {
  const { previousClose } = exchange.quote(underlying, at)
  const index = INDICES[underlying.symbol]
  const step = index?.step ?? (previousClose < 500 ? 5 : previousClose < 2000 ? 20 : 100)
  const each = index ? INDEX_STRIKES_EACH_SIDE : SHARE_STRIKES_EACH_SIDE
  const centre = Math.round(previousClose / (step * CENTRE_STEPS)) * CENTRE_STEPS
  const first = Math.max(1, centre - each)
  return {
    root: index?.root ?? underlying.symbol.slice('NSE:'.length),
    step,
    lot: index?.lot ?? Math.max(25, Math.round(500_000 / previousClose / 25) * 25),
    isWeekly: index?.isWeekly === true,
    strikes: Array.from({ length: centre + each - first + 1 }, (_, place) => (first + place) * step)
  }
}

/** Tuesdays of the next weeks and the last ones of months; where the exchange is closed then, the session before. */
function expiriesOf(exchange: Exchange, underlying: Instrument, isWeekly: boolean, at: number): Expiry[] {
  const calendar = exchange.calendar(underlying)
  const today = dayOfDate(calendar.sessionAt(at).date)
  const firstTuesday = today + ((TUESDAY - weekdayOf(today) + 7) % 7)
  const weeks = Array.from({ length: WEEKLY_EXPIRIES }, (_, week) => firstTuesday + 7 * week)
  const monthly = new Set<number>()
  for (let day = firstTuesday; monthly.size < MONTHLY_EXPIRIES; day += 7) {
    if (monthOf(day) !== monthOf(day + 7)) monthly.add(day)
  }
  const days = isWeekly ? new Set([...weeks, ...monthly]) : monthly
  return [...days]
    .toSorted((a, b) => a - b)
    .map((day) => ({
      date: calendar.sessionAt(calendar.instantOn(dateOfDay(day), CLOSE_MINUTE)).date,
      isWeekly: !monthly.has(day)
    }))
    .filter(({ date }) => calendar.instantOn(date, CLOSE_MINUTE) > at)
}

function contractsOf(underlying: Instrument, number: number, expiry: Expiry, terms: Terms): SimulatedDerivative[] {
  const { root, step, lot, strikes } = terms
  const series = `${number + 10}${dayOfDate(expiry.date) % 10_000}`
  const common = { underlying, root, expiry: expiry.date, isWeekly: expiry.isWeekly, lot }
  const tokenOf = (kind: number, strike: number) =>
    `${series}${kind}${String(Math.round(strike / step)).padStart(4, '0')}`
  const futures = expiry.isWeekly ? [] : [{ ...common, token: tokenOf(0, 0) }]
  const options = strikes.flatMap((strike) => [
    { ...common, right: 'call' as const, strike, token: tokenOf(1, strike) },
    { ...common, right: 'put' as const, strike, token: tokenOf(2, strike) }
  ])
  return [...futures, ...options]
}

const weekdayOf = (day: number): number => (day + 4) % 7
const monthOf = (day: number): string => dateOfDay(day).slice(0, 7)
