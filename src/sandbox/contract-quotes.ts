import type { PlainFigures } from '../market/derivative-figures.ts'
import { DAY_MS } from '../market/time.ts'
import type { Exchange } from './exchange.ts'
import { endOf, type SimulatedDerivative } from './indian-derivatives.ts'
import { integerBetween, keyOf, mix } from './noise.ts'
import { forwardOf, optionValue, smileOf } from './option-pricing.ts'
import type { SimulatedQuote } from './quotes.ts'

const TRADING_DAYS = 252
const YEAR_MS = 365 * DAY_MS
const TICK = 0.05
/** A contract at the money trades about so often. */
const LOT_EVERY_MS = 500
const MAX_OPEN_LOTS = 40_000
/** Open interest changes every so often. */
const INTEREST_EVERY_MS = 180_000

/** What the exchange shows of a future or an option, which follows its underlying. */
export type ContractQuote = Pick<
  SimulatedQuote,
  | 'price'
  | 'previousClose'
  | 'open'
  | 'dayHigh'
  | 'dayLow'
  | 'volume'
  | 'bid'
  | 'ask'
  | 'bidSize'
  | 'askSize'
  | 'asOf'
  | 'phase'
> & { readonly figures: PlainFigures }

/** At an instant at which its underlying's quote is `spot`: as that is, a function of the exchange's seed. */
export function contractQuote(
  exchange: Exchange,
  contract: SimulatedDerivative,
  spot: SimulatedQuote,
  at: number
): ContractQuote {
  const { underlying, right, strike, lot, token } = contract
  const { session } = spot
  const volatility = exchange.dailyDeviation(underlying) * Math.sqrt(TRADING_DAYS)
  const endsAt = endOf(exchange, contract)
  const yearsAt = (instant: number) => Math.max((endsAt - instant) / YEAR_MS, 1e-4)
  const years = yearsAt(at)
  const moneyness = strike === undefined ? 0 : Math.log(strike / spot.price) / Math.sqrt(years)
  const smile = smileOf(volatility, moneyness)
  const worth = (price: number, left: number) =>
    right === undefined ? forwardOf(price, left) : optionValue(right, price, strike!, left, smile).price
  const priced = (price: number, left: number) => onTick(worth(price, left))

  const price = priced(spot.price, years)
  const open = priced(spot.open, yearsAt(session.open))
  const [best, worst] = right === 'put' ? [spot.dayLow, spot.dayHigh] : [spot.dayHigh, spot.dayLow]
  const key = keyOf(exchange.seed, token)
  // Of the whole day: a volume only grows.
  const distance = strike === undefined ? 0 : Math.log(strike / spot.previousClose) / Math.sqrt(yearsAt(session.open))
  const activity = Math.exp(-Math.abs(distance) * 3)
  const interest = mix(key, Math.floor(at / INTEREST_EVERY_MS))
  const greeks = right && optionValue(right, spot.price, strike!, years, smile)
  const { delta, gamma, theta, vega, rho } = greeks ?? {}
  const half = onTick(price * (right === undefined ? 0.0001 : 0.005))
  return {
    price,
    open,
    previousClose: priced(spot.previousClose, yearsAt(session.open - DAY_MS)),
    dayHigh: Math.max(price, open, priced(best, yearsAt(session.open))),
    dayLow: Math.min(price, open, priced(worst, years)),
    volume: lot * Math.floor(((spot.asOf - session.open) / LOT_EVERY_MS) * activity),
    bid: Math.max(TICK, onTick(price - half)),
    ask: onTick(price + half),
    bidSize: lot * integerBetween(1, 20, interest, 1),
    askSize: lot * integerBetween(1, 20, interest, 2),
    asOf: spot.asOf,
    phase: spot.phase,
    figures: {
      openInterest: lot * (1 + Math.floor(activity * integerBetween(MAX_OPEN_LOTS / 2, MAX_OPEN_LOTS, interest, 3))),
      ...(greeks && { impliedVolatility: smile, delta, gamma, theta, vega, rho })
    }
  }
}

/** Never to nothing. */
const onTick = (price: number): number => Math.round(Math.max(TICK, price) / TICK) / Math.round(1 / TICK)
