import { DAY_MS } from '../market/time.ts'
import { dateOfDay, dayOfDate } from './calendar.ts'
import type { Exchange } from './exchange.ts'
import { between, integerBetween, keyOf, mix, uniform } from './noise.ts'
import { optionValue, smileOf } from './option-pricing.ts'
import type { Instrument } from './universe/instrument.ts'
import { VENUES } from './venues.ts'

const TRADING_DAYS = 252
const WEEKLY_EXPIRIES = 6
const MONTHLY_EXPIRIES = 12
const STRIKES_EACH_SIDE = 15
const FRIDAY = 5
const CENT = 0.01
/** Expiry is when the New York session closes. */
const CLOSE_MINUTE = 16 * 60

export type SimulatedOption = {
  /** OCC symbol. */
  readonly symbol: string
  readonly side: 'call' | 'put'
  readonly strike: number
  readonly expiry: string
  readonly bid: number
  readonly ask: number
  readonly last: number
  /** Since the day before. */
  readonly change: number
  readonly volume: number
  readonly openInterest: number
  /** 0.32 means 32 % a year. */
  readonly impliedVolatility: number
  readonly delta: number
  readonly gamma: number
  readonly theta: number
  readonly vega: number
  readonly rho: number
  readonly inTheMoney: boolean
  readonly lastTradeAt: number
}

/** Options exist on US shares and funds. */
export function hasOptions({ kind, venue }: Instrument): boolean {
  return (kind === 'equity' || kind === 'etf') && VENUES[venue].market === 'us'
}

/** The next Fridays and third Fridays that are not over, as YYYY-MM-DD, soonest first; empty without options. */
export function expiriesOf(exchange: Exchange, instrument: Instrument, at = exchange.now()): string[] {
  if (!hasOptions(instrument)) return []
  const today = dayOfDate(exchange.calendar(instrument).sessionAt(at).date)
  const expiries = new Set<string>()
  const firstFriday = today + ((FRIDAY - weekdayOf(today) + 7) % 7)
  for (let week = 0; week < WEEKLY_EXPIRIES; week++) expiries.add(dateOfDay(firstFriday + 7 * week))
  const start = new Date(today * DAY_MS)
  for (let month = 0; month < MONTHLY_EXPIRIES; month++) {
    const first = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + month, 1) / DAY_MS
    const third = first + ((FRIDAY - weekdayOf(first) + 7) % 7) + 14
    if (third >= today) expiries.add(dateOfDay(third))
  }
  return [...expiries].filter((expiry) => endOf(exchange, instrument, expiry) > at).sort()
}

function endOf(exchange: Exchange, instrument: Instrument, expiry: string): number {
  return exchange.calendar(instrument).instantOn(expiry, CLOSE_MINUTE)
}

/** The contracts of one expiry, calls before puts, by strike; empty for an expiry that does not exist. */
export function optionChain(
  exchange: Exchange,
  instrument: Instrument,
  expiry: string,
  at = exchange.now()
): SimulatedOption[] {
  if (!expiriesOf(exchange, instrument, at).includes(expiry)) return []
  const quote = exchange.quote(instrument, at)
  const expiresAt = endOf(exchange, instrument, expiry)
  const years = Math.max((expiresAt - at) / (365 * DAY_MS), 1e-4)
  const volatility = exchange.dailyDeviation(instrument) * Math.sqrt(TRADING_DAYS)
  const strikes = strikesAround(quote.previousClose)
  return (['call', 'put'] as const).flatMap((side) =>
    strikes.map((strike) => {
      const key = mix(keyOf(exchange.seed, `${instrument.symbol} ${expiry} ${side}`), Math.round(strike * 1000))
      const moneyness = Math.log(strike / quote.price) / Math.sqrt(years)
      const smile = smileOf(volatility, moneyness)
      const value = optionValue(side, quote.price, strike, years, smile)
      const yesterday = optionValue(side, quote.previousClose, strike, years + 1 / 365, smile)
      const half = Math.max(CENT, value.price * 0.02)
      const lastTradeAt = quote.asOf - integerBetween(1, 3600, key, 3) * 1000
      return {
        symbol: occSymbol(instrument.symbol, expiry, side, strike),
        side,
        strike,
        expiry,
        bid: cents(Math.max(0, value.price - half)),
        ask: cents(value.price + half),
        last: Math.max(CENT, cents(value.price)),
        change: cents(value.price) - cents(yesterday.price),
        volume: Math.floor(between(0, 3000, key, 1) * Math.exp(-Math.abs(moneyness) * 4)),
        openInterest: Math.floor(between(0, 20_000, key, 2) * Math.exp(-Math.abs(moneyness) * 3)),
        impliedVolatility: Math.round(smile * 1e5) / 1e5,
        delta: value.delta,
        gamma: value.gamma,
        theta: value.theta,
        vega: value.vega,
        rho: value.rho,
        inTheMoney: side === 'call' ? strike < quote.price : strike > quote.price,
        lastTradeAt: uniform(key, 4) < 0.9 ? lastTradeAt : lastTradeAt - DAY_MS
      }
    })
  )
}

/** Strikes that stay put during a day: steps that grow with the price, around the last close. */
function strikesAround(price: number): number[] {
  const step = price < 25 ? 0.5 : price < 60 ? 1 : price < 150 ? 2.5 : price < 500 ? 5 : price < 2000 ? 20 : 500
  const middle = Math.round(price / step)
  const strikes: number[] = []
  for (let index = middle - STRIKES_EACH_SIDE; index <= middle + STRIKES_EACH_SIDE; index++) {
    if (index > 0) strikes.push(index * step)
  }
  return strikes
}

/** Root, expiry as yymmdd, C or P, strike in thousandths: `AAPL261218C00150000`. */
function occSymbol(symbol: string, expiry: string, side: 'call' | 'put', strike: number): string {
  const date = expiry.slice(2).replaceAll('-', '')
  const thousandths = String(Math.round(strike * 1000)).padStart(8, '0')
  return `${symbol.replace('.', '')}${date}${side === 'call' ? 'C' : 'P'}${thousandths}`
}

function weekdayOf(day: number): number {
  return (day + 4) % 7
}

function cents(price: number): number {
  return Math.round(price * 100) / 100
}
