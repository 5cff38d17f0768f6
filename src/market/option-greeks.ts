import { greeksOf, impliedVolatility, type OptionTerms } from './black-scholes.ts'
import type { ComputedFigure, OptionChain, OptionContract } from './option-chain.ts'
import { expirationOf, type Expiration } from './option-expiry.ts'
import type { SessionClock } from './session-clock.ts'
import { DAY_MS, isoOf } from './time.ts'

const YEAR_MS = 365 * DAY_MS
/** An older trade was made at another price of the underlying than the one it would be held against. */
const MAX_TRADE_AGE_MS = DAY_MS
const NO_YIELD: DividendYield = { percent: 0, source: 'assumed' }

const GREEKS = ['delta', 'gamma', 'theta', 'vega', 'rho'] as const

/** Of a year, as fundamentals tell it: 1.5 means 1.5 %. */
export type DividendYield = { readonly percent: number; readonly source: string }

export type PricingOptions = {
  /** Continuously compounded, 0.04 means 4 % a year. */
  readonly riskFreeRate: number
  /** Absent where nobody tells it: none is assumed then, and the answer says so. */
  readonly dividendYield?: DividendYield | undefined
  /** Epoch milliseconds. */
  readonly now: number
}

/**
 * A chain whose contracts say until when they trade, by the calendar of their exchange, and whose expiries are those that
 * still trade. Contracts of an expiry that is over stay, for who asked for them.
 */
export function withExpirations(chain: OptionChain, clock: SessionClock, now: number): OptionChain {
  const known = new Map<string, Expiration>()
  const expiration = (contract: string, expiry: string) => {
    const key = `${contract.slice(0, -15)} ${expiry}`
    const found = known.get(key) ?? expirationOf(chain.symbol, contract, expiry, clock)
    known.set(key, found)
    return found
  }
  const contracts = chain.contracts.map((contract) => {
    const { lastTradingAt, settlesAt } = expiration(contract.symbol, contract.expiry)
    return { ...contract, lastTradingAt: isoOf(lastTradingAt), settlesAt: isoOf(settlesAt) }
  })
  const isOpen = (expiry: string) => expiration('', expiry).lastTradingAt > now
  const [first] = chain.expiries
  const timeZone = first === undefined ? undefined : expiration('', first).timeZone
  return { ...chain, expiries: chain.expiries.filter(isOpen), ...(timeZone && { timeZone }), contracts }
}

/**
 * Fills in the volatilities and greeks that the vendor left out, and marks each as computed. What a vendor gave is never
 * touched. A volatility follows from the middle of bid and ask, else from a recent trade; a contract whose value is fixed,
 * that does not say when that is, or whose price allows no volatility stays as it is.
 */
export function withGreeks(chain: OptionChain, options: PricingOptions): OptionChain {
  const { underlyingPrice } = chain
  const { riskFreeRate, dividendYield: { percent, source } = NO_YIELD, now } = options
  if (underlyingPrice === undefined) return chain
  const dividendYield = Math.log1p(percent / 100)
  const contracts = chain.contracts.map((contract) => {
    const { side, strike, settlesAt } = contract
    const years = settlesAt === undefined ? 0 : (Date.parse(settlesAt) - now) / YEAR_MS
    if (years <= 0) return contract
    return completed(contract, { side, strike, spot: underlyingPrice, years, rate: riskFreeRate, dividendYield }, now)
  })
  if (!contracts.some(({ computed }) => computed)) return chain
  const pricing = {
    model: 'black-scholes' as const,
    underlyingPrice,
    riskFreeRate,
    dividendYield,
    dividendYieldSource: source,
    computedAt: isoOf(now)
  }
  return { ...chain, contracts, pricing }
}

function completed(contract: OptionContract, terms: OptionTerms, now: number): OptionContract {
  const volatility = contract.impliedVolatility ?? volatilityOf(contract, terms, now)
  if (volatility === undefined) return contract
  const figures = { impliedVolatility: volatility, ...greeksOf(terms, volatility) }
  const wanted: ComputedFigure[] = ['impliedVolatility', ...GREEKS]
  const computed = wanted.filter((name) => contract[name] === undefined && Number.isFinite(figures[name]))
  if (computed.length === 0) return contract
  return { ...contract, ...Object.fromEntries(computed.map((name) => [name, figures[name]])), computed }
}

function volatilityOf(contract: OptionContract, terms: OptionTerms, now: number): number | undefined {
  const price = middleOf(contract) ?? recentTrade(contract, now)
  return price === undefined ? undefined : impliedVolatility(terms, price)
}

function middleOf({ bid, ask }: OptionContract): number | undefined {
  if (bid === undefined || ask === undefined || bid <= 0 || ask < bid) return undefined
  return (bid + ask) / 2
}

function recentTrade({ last, lastTradeAt }: OptionContract, now: number): number | undefined {
  if (lastTradeAt === undefined || now - Date.parse(lastTradeAt) > MAX_TRADE_AGE_MS) return undefined
  return last
}
