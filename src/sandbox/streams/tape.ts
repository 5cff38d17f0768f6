import { DAY_MS, MINUTE_MS } from '../../market/time.ts'
import type { Exchange } from '../exchange.ts'
import { integerBetween, mix, uniform } from '../noise.ts'
import type { SimulatedQuote } from '../quotes.ts'
import type { Instrument } from '../universe/instrument.ts'

/** Of so many trades all but the last are small, as on a real tape: alike, all of a quiet minute would be odd lots. */
const TRADES_PER_BLOCK = 3
/** Of what the volume grew by, a small trade brings less than this. */
const SMALL_SHARE = 0.5
/** One in so many of the small trades is of less than a share. */
const FRACTIONAL_EVERY = 16

export type TapeTrade = {
  readonly instrument: Instrument
  /** Unique per instrument and day. */
  readonly id: number
  readonly price: number
  /** Shares. */
  readonly size: number
  /** Epoch milliseconds, and nanoseconds within. */
  readonly ms: number
  readonly ns: number
  /** Before or after the regular session. */
  readonly isExtended: boolean
}

export type TapeQuote = Pick<SimulatedQuote, 'instrument' | 'bid' | 'ask' | 'bidSize' | 'askSize'> & {
  readonly ms: number
  readonly ns: number
}

export type TapeBar = {
  readonly start: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
}

/**
 * What trades, as a tape tells it: with each tick of the exchange one trade at the price of that tick, so that who asks for a
 * quote and who listens see the same price. Volumes of a day add up to those of its quotes.
 */
export class Tape {
  /** How often something trades. */
  readonly tickMs: number
  readonly #exchange: Exchange

  constructor(exchange: Exchange, tickMs: number) {
    this.#exchange = exchange
    this.tickMs = tickMs
  }

  /** The trade of the tick of an instant; undefined while nothing trades. */
  trade(instrument: Instrument, at: number): TapeTrade | undefined {
    const quote = this.#exchange.quote(instrument, at)
    const price = priceOf(quote)
    if (price === undefined) return undefined
    return {
      instrument,
      id: Math.floor((at % DAY_MS) / this.tickMs) + 1,
      price,
      size: this.#size(quote, at),
      ...this.#instant(at, this.#key(instrument, at)),
      isExtended: quote.phase !== 'regular'
    }
  }

  quote(instrument: Instrument, at: number): TapeQuote | undefined {
    const quote = this.#exchange.quote(instrument, at)
    if (priceOf(quote) === undefined) return undefined
    const { bid, ask, bidSize, askSize } = quote
    return { instrument, bid, ask, bidSize, askSize, ...this.#instant(at, this.#key(instrument, at)) }
  }

  /** The minute that ended last, where something traded in it. */
  minuteBefore(instrument: Instrument, at: number): TapeBar | undefined {
    const from = Math.floor(at / MINUTE_MS) * MINUTE_MS - MINUTE_MS
    return this.#exchange
      .intradayBars(instrument, { stepMinutes: 1, from, to: from + MINUTE_MS, extendedHours: true }, at)
      .at(0)
  }

  /** The running day. */
  day(instrument: Instrument, at: number): TapeBar | undefined {
    const { date } = this.#exchange.calendar(instrument).sessionAt(at)
    return this.#exchange.dailyBars(instrument, date, date, at).at(0)
  }

  /** The last trade of a block brings what the small ones before it left of what the day's volume grew by. */
  #size({ instrument, volume }: SimulatedQuote, at: number): number {
    const volumes = [volume]
    const growthAt = (back: number) => {
      volumes[back + 1] ??= this.#exchange.quote(instrument, at - (back + 1) * this.tickMs).volume
      return volumes[back]! - volumes[back + 1]!
    }
    const smallAt = (back: number) => this.#smallSize(growthAt(back), this.#key(instrument, at - back * this.tickMs))
    if (Math.floor(at / this.tickMs) % TRADES_PER_BLOCK < TRADES_PER_BLOCK - 1) return smallAt(0)
    let size = growthAt(0)
    for (let back = 1; back < TRADES_PER_BLOCK; back++) size += growthAt(back) - Math.ceil(smallAt(back))
    return size > 0 ? size : smallAt(0)
  }

  #smallSize(growth: number, key: number): number {
    const shares = Math.floor(growth * SMALL_SHARE * uniform(key, 4))
    if (shares > 0 && integerBetween(1, FRACTIONAL_EVERY, key, 1) > 1) return shares
    return Math.max(0.001, Math.round(uniform(key, 2) * 1000) / 1000)
  }

  #key(instrument: Instrument, at: number): number {
    return mix(this.#exchange.keyOf(instrument), Math.floor(at / this.tickMs))
  }

  /** Within the first millisecond of the tick. */
  #instant(at: number, key: number): { ms: number; ns: number } {
    return { ms: at, ns: integerBetween(0, 999_999, key, 3) }
  }
}

/** What trades now; undefined while the venue is closed. */
function priceOf({ phase, price, extended }: SimulatedQuote): number | undefined {
  if (phase === 'regular') return price
  return phase === 'closed' || extended?.part !== phase ? undefined : extended.price
}
