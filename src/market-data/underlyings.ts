import { LRUCache } from 'lru-cache'
import type { DividendYield } from '../market/option-greeks.ts'
import type { MarketData } from '../market/market-data.ts'
import { takesPlace } from '../market/order.ts'
import type { Quote } from '../market/quote.ts'
import { HOUR_MS } from '../market/time.ts'
import { dividendYieldOf } from './option-chains.ts'

/** What is not streamed into this process is looked at so often, in the cache as a rule. */
const ASK_EVERY_MS = 15_000
const YIELD_EVERY_MS = 6 * HOUR_MS
/** A vendor that does not answer by then is not waited for: no dividend is assumed, until it is asked again. */
const YIELD_WAIT_MS = 20_000
const MAX_UNDERLYINGS = 2000

type Known = {
  quote: Quote | undefined
  /** Epoch milliseconds: when it was streamed, or asked for. */
  quoteAt: number
  /** Undefined until somebody was asked. */
  dividend: { readonly yield: DividendYield | undefined } | undefined
  yieldAt: number
}

export type UnderlyingsOptions = {
  /** It is made of what enters, and asked later. */
  readonly marketData: () => Pick<MarketData, 'quote' | 'fundamentals'>
  readonly now?: () => number
}

/** What options are on that are streamed into this process: prices and dividends, as they are streamed or were asked for. */
export class Underlyings {
  readonly #marketData: UnderlyingsOptions['marketData']
  readonly #now: () => number
  readonly #known = new LRUCache<string, Known>({ max: MAX_UNDERLYINGS })

  constructor({ marketData, now = Date.now }: UnderlyingsOptions) {
    this.#marketData = marketData
    this.#now = now
  }

  /** A quote that entered: only those of underlyings that were asked about are kept. */
  saw(quote: Quote): void {
    const known = this.#known.get(quote.symbol)
    if (!known) return
    this.#take(known, quote)
    known.quoteAt = this.#now()
  }

  /** Undefined while its price or its dividend is not known, which is found out meanwhile, or where the price is doubted. */
  of(symbol: string): { price: number; asOf: string; dividendYield: DividendYield | undefined } | undefined {
    const known = this.#known.get(symbol) ?? this.#begin(symbol)
    const now = this.#now()
    if (now - known.quoteAt >= ASK_EVERY_MS) {
      known.quoteAt = now
      void this.#askQuote(symbol, known)
    }
    if (now - known.yieldAt >= YIELD_EVERY_MS) {
      known.yieldAt = now
      void this.#askYield(symbol, known)
    }
    const { quote, dividend } = known
    const isSound = quote && quote.provenance.state !== 'stale' && quote.provenance.state !== 'suspect'
    return isSound && dividend ? { price: quote.price, asOf: quote.asOf, dividendYield: dividend.yield } : undefined
  }

  #begin(symbol: string): Known {
    const known: Known = { quote: undefined, quoteAt: -Infinity, dividend: undefined, yieldAt: -Infinity }
    this.#known.set(symbol, known)
    return known
  }

  #take(known: Known, quote: Quote): void {
    if (!known.quote || takesPlace(known.quote, quote)) known.quote = quote
  }

  /** Never rejects: what nobody tells now is asked for again. */
  async #askQuote(symbol: string, known: Known): Promise<void> {
    const answer = await this.#marketData()
      .quote(symbol, 'background')
      .catch(() => undefined)
    if (answer) this.#take(known, answer.value)
  }

  async #askYield(symbol: string, known: Known): Promise<void> {
    const asked = () => this.#marketData().fundamentals(symbol, 'background')
    known.dividend = { yield: await dividendYieldOf(symbol, YIELD_WAIT_MS, asked) }
  }
}
