import { numericId } from '../../src/log/record-tick.ts'
import type { TradeReport } from '../../src/market/event.ts'
import type { Trade } from '../../src/market/trade.ts'

/** Vendors tell a trade twice within seconds; this is some seconds of a whole market, twice. */
const MAX_TRADES = 100_000
/** Of numbers, more than twice as many, so that a place is found soon; a power of two. */
const PLACES_BITS = 18
/** Symbols with their venues and days; of more, all are numbered anew. */
const MAX_SERIES = 500_000
const NOBODY = -1

/** Trades of a symbol that share all else of their identity (see `tradeKey`) but their ids. */
type Series = Pick<Trade, 'tradeDate' | 'venue' | 'tape'> & { readonly number: number }

/** Recognises trades that a vendor told before, by their identity, which holds the trade date. Those without an id are all new. */
export class RecentTrades {
  #series = new Map<string, Series[]>()
  #seriesCount = 0
  #newer = new SeenIds()
  #older = new SeenIds()

  /** Whether the trade is told for the first time, as far back as is known. */
  isNew({ data: { symbol, trade } }: TradeReport): boolean {
    const { tradeId } = trade
    if (tradeId === undefined) return true
    const series = this.#seriesOf(symbol, trade)
    if (this.#newer.has(series, tradeId) || this.#older.has(series, tradeId)) return false
    this.#newer.add(series, tradeId)
    if (this.#newer.count >= MAX_TRADES) {
      const cleared = this.#older
      cleared.clear()
      this.#older = this.#newer
      this.#newer = cleared
    }
    return true
  }

  /** A symbol trades on a day at some venues: looking through them is cheaper than making a name of all of it. */
  #seriesOf(symbol: string, { tradeDate, venue, tape }: Trade): number {
    let known = this.#series.get(symbol)
    for (const series of known ?? []) {
      if (series.venue === venue && series.tape === tape && series.tradeDate === tradeDate) return series.number
    }
    if (this.#seriesCount >= MAX_SERIES) this.#forget()
    known = this.#series.get(symbol) ?? []
    const number = this.#seriesCount++
    known.push({ tradeDate, ...(venue !== undefined && { venue }), ...(tape !== undefined && { tape }), number })
    this.#series.set(symbol, known)
    return number
  }

  #forget(): void {
    this.#series = new Map()
    this.#seriesCount = 0
    for (const ids of [this.#newer, this.#older]) ids.clear()
  }
}

/** Ids by their series. Most are numbers, which are kept where no garbage collection looks at them. */
class SeenIds {
  count = 0
  readonly #series = new Int32Array(2 ** PLACES_BITS).fill(NOBODY)
  readonly #numbers = new Float64Array(2 ** PLACES_BITS)
  readonly #texts = new Set<string>()

  has(series: number, id: string): boolean {
    const number = numericId(id)
    return number < 0 ? this.#texts.has(`${series} ${id}`) : this.#series[this.#placeOf(series, number)] !== NOBODY
  }

  add(series: number, id: string): void {
    this.count++
    const number = numericId(id)
    if (number < 0) return void this.#texts.add(`${series} ${id}`)
    const place = this.#placeOf(series, number)
    this.#series[place] = series
    this.#numbers[place] = number
  }

  clear(): void {
    this.count = 0
    this.#series.fill(NOBODY)
    this.#texts.clear()
  }

  /** Where it is, or would be. */
  #placeOf(series: number, number: number): number {
    const all = this.#series
    const mask = all.length - 1
    const hash = Math.imul((number | 0) ^ Math.imul(series, 0x9e3779b1), 0x85ebca6b)
    let place = hash >>> (32 - PLACES_BITS)
    while (all[place] !== NOBODY && !(all[place] === series && this.#numbers[place] === number)) {
      place = (place + 1) & mask
    }
    return place
  }
}
