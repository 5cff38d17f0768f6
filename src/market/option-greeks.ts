import { greeksOf, impliedVolatility, type OptionTerms } from './black-scholes.ts'
import type { ComputedFigure, FigureBasis, OptionChain, OptionContract, OptionPricing } from './option-chain.ts'
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
    const { lastTradingAt, settlesAt, settlement } = expiration(contract.symbol, contract.expiry)
    return { ...contract, lastTradingAt: isoOf(lastTradingAt), settlesAt: isoOf(settlesAt), settlement }
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
  if (underlyingPrice === undefined) return chain
  const pricing = pricingOf(underlyingPrice, options)
  const contracts = chain.contracts.map((contract) => {
    const { side, strike, settlesAt, lastTradeAt } = contract
    if (settlesAt === undefined) return contract
    const terms = termsOf({ side, strike, settlesAt: Date.parse(settlesAt) }, pricing, options.now)
    const tradeAt = lastTradeAt === undefined ? undefined : Date.parse(lastTradeAt)
    const isRecent = tradeAt !== undefined && options.now - tradeAt <= MAX_TRADE_AGE_MS
    const price = priceOfContract(contract, isRecent)
    return terms ? { ...contract, ...figuresFor(contract, terms, price?.price) } : contract
  })
  return contracts.some(({ computed, basis }) => computed && !basis) ? { ...chain, contracts, pricing } : chain
}

/** What contracts on an underlying at a price are valued with. */
export function pricingOf(
  underlyingPrice: number,
  { riskFreeRate, dividendYield: { percent, source } = NO_YIELD, now }: PricingOptions
): OptionPricing {
  return {
    model: 'black-scholes',
    underlyingPrice,
    riskFreeRate,
    dividendYield: Math.log1p(percent / 100),
    dividendYieldSource: source,
    computedAt: isoOf(now)
  }
}

/** `settlesAt` in epoch milliseconds; undefined where the contract's value is fixed by `now`. */
export function termsOf(
  { side, strike, settlesAt }: Pick<OptionTerms, 'side' | 'strike'> & { readonly settlesAt: number },
  { underlyingPrice: spot, riskFreeRate: rate, dividendYield }: OptionPricing,
  now: number
): OptionTerms | undefined {
  const years = (settlesAt - now) / YEAR_MS
  return years > 0 ? { side, strike, spot, years, rate, dividendYield } : undefined
}

/**
 * The middle of bid and ask; where there is no bid, or no ask, the last trade if it is recent. Undefined where the two are
 * crossed: one of them is wrong, and what was traded before was traded at others.
 */
export function priceOfContract(
  { bid, ask, last }: Pick<OptionContract, 'bid' | 'ask' | 'last'>,
  isTradeRecent: boolean
): Pick<FigureBasis, 'price' | 'priceFrom'> | undefined {
  if (bid !== undefined && ask !== undefined && bid > 0) {
    return ask < bid ? undefined : { price: (bid + ask) / 2, priceFrom: 'mid' }
  }
  return isTradeRecent && last !== undefined ? { price: last, priceFrom: 'last' } : undefined
}

type Figures = { readonly [Name in ComputedFigure]?: number | undefined }

/**
 * The figures that a vendor left out, and the names of those; undefined where there are none to be told. `price` is the
 * contract's, and may be missing where the vendor told a volatility.
 */
export function figuresFor(
  given: Figures & { readonly computed?: readonly ComputedFigure[] | undefined },
  terms: OptionTerms,
  price: number | undefined
): (Figures & { readonly computed: ComputedFigure[] }) | undefined {
  const volatility = given.impliedVolatility ?? (price === undefined ? undefined : impliedVolatility(terms, price))
  if (volatility === undefined) return undefined
  const figures = { impliedVolatility: volatility, ...greeksOf(terms, volatility) }
  const wanted: ComputedFigure[] = ['impliedVolatility', ...GREEKS]
  const missing = wanted.filter((name) => given[name] === undefined && Number.isFinite(figures[name]))
  if (missing.length === 0) return undefined
  const computed = wanted.filter((name) => missing.includes(name) || given.computed?.includes(name))
  return { ...Object.fromEntries(missing.map((name) => [name, figures[name]])), computed }
}
