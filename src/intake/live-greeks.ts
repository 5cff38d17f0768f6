import { LRUCache } from 'lru-cache'
import { withoutAbsent } from '../market/absent.ts'
import { expirationOf } from '../market/option-expiry.ts'
import { ComputedFigure, type FigureBasis } from '../market/option-chain.ts'
import { figuresFor, priceOfContract, pricingOf, termsOf, type DividendYield } from '../market/option-greeks.ts'
import { optionNamed, type OptionNamed } from '../market/option-symbol.ts'
import type { DerivativeFigures } from '../market/derivative-figures.ts'
import type { Quote } from '../market/quote.ts'
import type { SessionClock } from '../market/session-clock.ts'
import { MINUTE_MS } from '../market/time.ts'

/** Of each contract: its quote changes more often than anybody can look at a delta. */
export const COMPUTE_EVERY_MS = 1000
/** Prices of a contract and of its underlying that were told so far apart say nothing together: one of them is stale. */
const MAX_APART_MS = 120_000
/** Delayed feeds are a quarter of an hour late: what is older is of a market that was left. */
const MAX_AGE_MS = 20 * MINUTE_MS
/** As many as quotes are composed of. */
const MAX_CONTRACTS = 50_000

/** What contracts are on, as it stands now. */
export type Underlying = {
  readonly price: number
  /** The instant of the price, ISO. */
  readonly asOf: string
  /** Undefined where nobody tells it. */
  readonly dividendYield: DividendYield | undefined
}

export type LiveGreeksOptions = {
  readonly clock: SessionClock
  /** Continuously compounded, 0.04 means 4 % a year. */
  readonly riskFreeRate: number
  /** By canonical symbol; undefined while its price, or its dividend, is not known. */
  readonly underlying: (symbol: string) => Underlying | undefined
  /** Epoch milliseconds. */
  readonly now?: () => number
}

/** `isEarly`: they are of prices that have changed since, and it is too soon to compute them anew. */
export type LiveFigures = { readonly figures: DerivativeFigures | undefined; readonly isEarly: boolean }

type Computed = Partial<Record<ComputedFigure, number | undefined>> & {
  readonly computed: ComputedFigure[]
  readonly basis: FigureBasis
}
type Inputs = { readonly underlying: Underlying; readonly price: Pick<FigureBasis, 'price' | 'priceFrom'> }
type Contract = OptionNamed & {
  readonly underlying: string
  /** Epoch milliseconds. */
  readonly settlesAt: number
  last: Computed | undefined
}

/**
 * Works out the volatilities and greeks of streamed options that no vendor tells, as chains that are asked for have them: by
 * the same model, at most once a second for each contract.
 */
export class LiveGreeks {
  readonly #options: Required<LiveGreeksOptions>
  /** Null: no option, or one that cannot be valued. */
  readonly #contracts = new LRUCache<string, Contract | { readonly settlesAt: null }>({ max: MAX_CONTRACTS })

  constructor(options: LiveGreeksOptions) {
    this.#options = { now: Date.now, ...options }
  }

  /**
   * The figures of a quote, those that were told among them. `bookAt`: the instant of its bid and ask, ISO. None are computed
   * where these are crossed, or where prices are missing or of different times.
   */
  of(quote: Quote, bookAt: string | undefined): LiveFigures {
    const told = quote.derivative
    const asTold = { figures: told, isEarly: false }
    if (told && ComputedFigure.enum.every((name) => told[name] !== undefined)) return asTold
    const contract = this.#contractOf(quote.symbol)
    if (contract.settlesAt === null) return asTold
    const instant = this.#options.now()
    const inputs = this.#inputsOf(contract, quote, bookAt, instant)
    if (!inputs) return asTold
    const { underlying, price } = inputs
    const { last } = contract
    if (last && instant - Date.parse(last.basis.computedAt) < COMPUTE_EVERY_MS) {
      const isEarly = last.basis.price !== price.price || last.basis.underlyingPrice !== underlying.price
      return { figures: joined(told, last), isEarly }
    }
    contract.last = this.#computed(contract, told, inputs, instant)
    return { figures: joined(told, contract.last), isEarly: false }
  }

  #inputsOf(
    contract: Contract,
    { bid, ask, price: last, asOf }: Quote,
    bookAt: string | undefined,
    now: number
  ): Inputs | undefined {
    const price = priceOfContract({ bid, ask, last }, true)
    const underlying = price && this.#options.underlying(contract.underlying)
    if (!underlying) return undefined
    const pricedAt = Date.parse((price.priceFrom === 'mid' ? bookAt : asOf) ?? '')
    const isOfOneTime = Math.abs(pricedAt - Date.parse(underlying.asOf)) <= MAX_APART_MS
    return isOfOneTime && now - pricedAt <= MAX_AGE_MS ? { underlying, price } : undefined
  }

  #computed(
    contract: Contract,
    told: DerivativeFigures | undefined,
    { underlying, price }: Inputs,
    now: number
  ): Computed | undefined {
    const { riskFreeRate } = this.#options
    const pricing = pricingOf(underlying.price, { riskFreeRate, dividendYield: underlying.dividendYield, now })
    const terms = termsOf(contract, pricing, now)
    const figures = terms && figuresFor(told ?? {}, terms, price.price)
    return figures && { ...figures, basis: { ...pricing, underlyingAsOf: underlying.asOf, ...price } }
  }

  #contractOf(symbol: string): Contract | { readonly settlesAt: null } {
    const known = this.#contracts.get(symbol)
    if (known) return known
    const named = optionNamed(symbol)
    const { underlying } = named ?? {}
    const contract =
      named && underlying !== undefined
        ? { ...named, underlying, settlesAt: this.#settlesAt(underlying, symbol, named.expiry), last: undefined }
        : { settlesAt: null }
    this.#contracts.set(symbol, contract)
    return contract
  }

  #settlesAt(underlying: string, symbol: string, expiry: string): number {
    return expirationOf(underlying, symbol, expiry, this.#options.clock).settlesAt
  }
}

function joined(told: DerivativeFigures | undefined, computed: Computed | undefined): DerivativeFigures | undefined {
  if (!computed) return told
  return withoutAbsent<DerivativeFigures>({ ...computed, ...told })
}
