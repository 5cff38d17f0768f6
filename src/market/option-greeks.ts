import { greeksOf, impliedVolatility, type OptionTerms } from './black-scholes.ts'
import type { ComputedFigure, OptionChain, OptionContract } from './option-chain.ts'
import { instantOf } from './zoned-time.ts'

const YEAR_MS = 365 * 86_400_000
/** US equity options, the only ones that any provider here has, live until the close of their last day. */
const EXPIRY = { zone: 'America/New_York', hour: 16 }
/** An older trade was made at another price of the underlying than the one it would be held against. */
const MAX_TRADE_AGE_MS = 86_400_000
/** No listed company pays it evenly, and no vendor tells it with a chain: the answer says that it is assumed. */
const DIVIDEND_YIELD = 0

const GREEKS = ['delta', 'gamma', 'theta', 'vega', 'rho'] as const

export type PricingOptions = {
  /** Continuously compounded, 0.04 means 4 % a year. */
  readonly riskFreeRate: number
  /** Epoch milliseconds. */
  readonly now: number
}

/**
 * Fills in the volatilities and greeks that the vendor left out, and marks each as computed. What a vendor gave is never
 * touched. A volatility follows from the middle of bid and ask, else from a recent trade; a contract that has expired or
 * whose price allows no volatility stays as it is.
 */
export function withGreeks(chain: OptionChain, { riskFreeRate, now }: PricingOptions): OptionChain {
  const { underlyingPrice } = chain
  if (underlyingPrice === undefined) return chain
  const contracts = chain.contracts.map((contract) => {
    const { side, strike, expiry } = contract
    const years = (expiryInstant(expiry) - now) / YEAR_MS
    if (years <= 0) return contract
    const terms = { side, strike, spot: underlyingPrice, years, rate: riskFreeRate, dividendYield: DIVIDEND_YIELD }
    return completed(contract, terms, now)
  })
  if (!contracts.some(({ computed }) => computed)) return chain
  const pricing = {
    model: 'black-scholes' as const,
    underlyingPrice,
    riskFreeRate,
    dividendYield: DIVIDEND_YIELD,
    computedAt: new Date(now).toISOString()
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

function expiryInstant(expiry: string): number {
  const [year, month, day] = expiry.split('-').map(Number) as [number, number, number]
  return instantOf(EXPIRY.zone, year, month, day, EXPIRY.hour)
}
