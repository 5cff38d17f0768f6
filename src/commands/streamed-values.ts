import type { Quote } from '../market/quote.ts'
import type { Trade } from '../market/trade.ts'

/** A price moves by less between two values; one that does not is taken for wrong. */
const MAX_JUMP = 0.2
/** Vendors round to cents, and some tell floats of 32 bits. */
const TOLERANCE = 0.0051
const MAX_EXAMPLES = 5

/** What a client was told of a price by a stream. */
export type StreamedValue = {
  readonly kind: 'quote' | 'trade'
  readonly symbol: string
  readonly price: number
  /** Epoch milliseconds. */
  readonly asOf: number
  readonly source: string
}

export type Frame = { readonly type: string; readonly data: Readonly<Record<string, unknown>> }

/** The value of a frame; undefined where it has none, or one that was polled. */
export function valueIn({ type, data }: Frame): StreamedValue | undefined {
  if (type === 'trade') {
    const { symbol, price, asOf, source } = data['trade'] as Trade
    return { kind: 'trade', symbol, price, asOf: Date.parse(asOf), source }
  }
  if (type !== 'quote_update') return undefined
  const { symbol, price, asOf, provenance } = data['quote'] as Quote
  if (provenance.delivery !== 'stream') return undefined
  return { kind: 'quote', symbol, price, asOf: Date.parse(asOf), source: provenance.source }
}

/** The price of the market at an instant (epoch ms); undefined where it is not known. */
export type PriceAt = (symbol: string, at: number) => number | undefined

/** Counts what clients must never be told: prices that were none, that step back in time, and trades that two feeds tell. */
export class WrongValues {
  readonly #priceAt: PriceAt
  readonly #last = new Map<string, StreamedValue>()
  readonly #tellers = new Map<string, string>()
  wrong = 0
  doubled = 0
  readonly examples: string[] = []

  constructor(priceAt: PriceAt = () => undefined) {
    this.#priceAt = priceAt
  }

  /** Whether the value is right. */
  take(value: StreamedValue): boolean {
    const { kind, symbol, price, asOf, source } = value
    const key = `${kind} ${symbol}`
    const objection = this.#objectionTo(value, this.#last.get(key))
    this.#last.set(key, value)
    if (kind === 'trade') {
      const teller = this.#tellers.get(`${symbol} ${asOf}`)
      if (teller !== undefined && teller !== source) this.doubled++
      this.#tellers.set(`${symbol} ${asOf}`, source)
    }
    if (objection === undefined) return true
    this.wrong++
    if (this.examples.length < MAX_EXAMPLES) this.examples.push(`${key} ${price} of ${source}: ${objection}`)
    return false
  }

  #objectionTo({ kind, symbol, price, asOf }: StreamedValue, last: StreamedValue | undefined): string | undefined {
    const right = this.#priceAt(symbol, asOf)
    if (right !== undefined && Math.abs(price - right) > TOLERANCE) return `the market's price was ${right}`
    if (!last) return undefined
    if (kind === 'quote' && asOf < last.asOf) return 'it is older than the one before'
    if (Math.abs(price / last.price - 1) > MAX_JUMP) return `the one before was ${last.price}`
    return undefined
  }
}
