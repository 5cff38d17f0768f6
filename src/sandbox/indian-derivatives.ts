import { dateOfDay, dayOfDate } from './calendar.ts'
import type { Exchange } from './exchange.ts'
import type { Instrument } from './universe/instrument.ts'

const TUESDAY = 2
const THURSDAY = 4
const WEEKLY_EXPIRIES = 4
const MONTHLY_EXPIRIES = 3
/** When contracts on shares and indices end, in minutes after midnight; those on commodities end with their session. */
const CLOSE_MINUTE = 15 * 60 + 40
/** Commodities trade then on every day. */
const EVENING_MINUTE = 23 * 60
/** Strikes stay put while the index moves by so many of them. */
const CENTRE_STEPS = 10
const INDEX_STRIKES_EACH_SIDE = 30
const SHARE_STRIKES_EACH_SIDE = 10

type Listing = { root: string; step: number; lot: number; exchange?: 'BSE' | 'MCX'; isWeekly?: true }

/** What the exchange writes an index as, how far its strikes are apart, its lot, and whether there is a contract each week. */
const INDICES: Readonly<Record<string, Listing>> = {
  '^NSEI': { root: 'NIFTY', step: 50, lot: 75, isWeekly: true },
  '^NSEBANK': { root: 'BANKNIFTY', step: 100, lot: 35 },
  '^NIFTY_FIN_SERVICE': { root: 'FINNIFTY', step: 50, lot: 65 },
  '^NIFTY_MID_SELECT': { root: 'MIDCPNIFTY', step: 25, lot: 140 },
  '^BSESN': { root: 'SENSEX', step: 100, lot: 20, exchange: 'BSE', isWeekly: true }
}
/** Root | name | price | step between strikes | lot | own volatility a day in percent */
const COMMODITIES = `
CRUDEOIL|Crude oil|5600|50|100|2.1
NATURALGAS|Natural gas|310|5|1250|3.2
GOLD|Gold|122000|1000|100|1.1
SILVER|Silver|151000|1000|30|1.8
`
  .trim()
  .split('\n')
  .map((row) => row.split('|'))
  .map(([root = '', name = '', level, step, lot, volatility]) => ({
    listing: { root, step: Number(step), lot: Number(lot), exchange: 'MCX' as const },
    underlying: {
      symbol: `MCX:${root}`,
      name,
      kind: 'index',
      venue: 'commodities',
      currency: 'INR',
      unitsPerMajor: 1,
      level: Number(level),
      decimals: 2,
      beta: 0,
      ownVolatility: Number(volatility) / 100
    } satisfies Instrument
  }))

/** A future, or with a right an option, of the simulated exchanges of India: on an index, a share or a commodity. */
export type SimulatedDerivative = {
  readonly exchange: 'NSE' | 'BSE' | 'MCX'
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

/** All that are listed at an instant (epoch ms), by exchange, underlying, expiry and strike. */
export function indianDerivatives(exchange: Exchange, at = exchange.now()): SimulatedDerivative[] {
  const listed = exchange.instruments
    .filter(({ symbol }) => symbol.startsWith('NSE:') || symbol in INDICES)
    .map((underlying) => ({ underlying, listing: INDICES[underlying.symbol] }))
  const [bombay, mumbai] = [true, false].map((is) =>
    listed.filter(({ listing }) => (listing?.exchange === 'BSE') === is)
  )
  return [...mumbai!, ...bombay!, ...COMMODITIES].flatMap(({ underlying, listing }, number) => {
    const terms = termsOf(exchange, underlying, listing, at)
    const expiries = expiriesOf(exchange, underlying, terms, at)
    return expiries.flatMap((expiry) => contractsOf(underlying, number, expiry, terms))
  })
}

/** When a contract ends (epoch ms): it is worth then what it is exercised for. */
export const endOf = (
  exchange: Exchange,
  { exchange: name, underlying, expiry }: Pick<SimulatedDerivative, 'exchange' | 'underlying' | 'expiry'>
): number => {
  const calendar = exchange.calendar(underlying)
  if (name !== 'MCX') return calendar.instantOn(expiry, CLOSE_MINUTE)
  return calendar.sessionAt(calendar.instantOn(expiry, EVENING_MINUTE)).close
}

type Terms = Pick<SimulatedDerivative, 'exchange'> & {
  root: string
  step: number
  lot: number
  isWeekly: boolean
  strikes: number[]
}
type Expiry = { readonly date: string; readonly isWeekly: boolean }

function termsOf(exchange: Exchange, underlying: Instrument, index: Listing | undefined, at: number): Terms {
  const { previousClose } = exchange.quote(underlying, at)
  const step = index?.step ?? (previousClose < 500 ? 5 : previousClose < 2000 ? 20 : 100)
  const each = index ? INDEX_STRIKES_EACH_SIDE : SHARE_STRIKES_EACH_SIDE
  const centre = Math.round(previousClose / (step * CENTRE_STEPS)) * CENTRE_STEPS
  const first = Math.max(1, centre - each)
  return {
    exchange: index?.exchange ?? 'NSE',
    root: index?.root ?? underlying.symbol.slice('NSE:'.length),
    step,
    lot: index?.lot ?? Math.max(25, Math.round(500_000 / previousClose / 25) * 25),
    isWeekly: index?.isWeekly === true,
    strikes: Array.from({ length: centre + each - first + 1 }, (_, place) => (first + place) * step)
  }
}

/** Tuesdays (of BSE Thursdays) of the next weeks and the last ones of months; where the exchange is closed then, the session before. */
function expiriesOf(exchange: Exchange, underlying: Instrument, terms: Terms, at: number): Expiry[] {
  const { exchange: name, isWeekly } = terms
  const calendar = exchange.calendar(underlying)
  const today = dayOfDate(calendar.sessionAt(at).date)
  const first = today + (((name === 'BSE' ? THURSDAY : TUESDAY) - weekdayOf(today) + 7) % 7)
  const weeks = Array.from({ length: WEEKLY_EXPIRIES }, (_, week) => first + 7 * week)
  const monthly = new Set<number>()
  for (let day = first; monthly.size < MONTHLY_EXPIRIES; day += 7) {
    if (monthOf(day) !== monthOf(day + 7)) monthly.add(day)
  }
  const days = isWeekly ? new Set([...weeks, ...monthly]) : monthly
  return [...days]
    .toSorted((a, b) => a - b)
    .map((day) => ({
      date: calendar.sessionAt(calendar.instantOn(dateOfDay(day), CLOSE_MINUTE)).date,
      isWeekly: !monthly.has(day)
    }))
    .filter(({ date }) => endOf(exchange, { exchange: name, underlying, expiry: date }) > at)
}

function contractsOf(underlying: Instrument, number: number, expiry: Expiry, terms: Terms): SimulatedDerivative[] {
  const { exchange, root, step, lot, strikes } = terms
  const series = `${number + 10}${dayOfDate(expiry.date) % 10_000}`
  const common = { exchange, underlying, root, expiry: expiry.date, isWeekly: expiry.isWeekly, lot }
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
