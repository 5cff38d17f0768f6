import type { MarketEvent } from '../../src/market/event.ts'
import { isoOf } from '../../src/market/time.ts'
import type { Trade } from '../../src/market/trade.ts'

const VENUES = ['XNAS', 'XNYS', 'IEXG'] as const
const BASE_MS = 25 * 60_000
const STEP_MS = 50

/** What a vendor's connection brings: trades of some symbols, told twice, late, corrected and cancelled now and then. */
export class TradeFlow {
  /** The trades that stand, by symbol and identity. */
  readonly standing = new Map<string, Trade>()
  /** The trades that were ever told, as they first were. */
  readonly #all: Trade[] = []
  readonly #symbols: readonly string[]
  readonly #from = Date.now() - BASE_MS
  #count = 0

  constructor(symbols: readonly string[]) {
    this.#symbols = symbols
  }

  /** So many events more. A trade follows the last one by 50 ms. */
  next(count: number): MarketEvent[] {
    return Array.from({ length: count }, () => this.#next())
  }

  #next(): MarketEvent {
    const number = ++this.#count
    const symbol = this.#symbols[number % this.#symbols.length]!
    if (number % 97 === 0) return this.#cancel(this.#someone(number), number)
    if (number % 89 === 0) return this.#correct(this.#someone(number), number)
    if (number % 31 === 0) return tradeReport(this.#told(number))
    const lateMs = number % 53 === 0 ? 200_000 : (number % 7) * 10
    const ms = this.#from + number * STEP_MS - lateMs
    const trade: Trade = {
      symbol,
      asOf: `${isoOf(ms).slice(0, -1)}${String(number % 1_000_000).padStart(6, '0')}Z`,
      sequence: number,
      tradeDate: isoOf(ms).slice(0, 10),
      session: 'regular',
      tape: 'C',
      source: 'alpaca',
      feed: 'iex',
      receivedAt: isoOf(ms + 5),
      price: 100 + ((number * 7919) % 997) / 100,
      size: 1 + ((number * 31) % 5000) / 1000,
      venue: VENUES[number % VENUES.length]!,
      conditions: number % 11 === 0 ? ['I'] : ['@'],
      tradeId: String(number)
    }
    this.#all.push(trade)
    this.standing.set(`${symbol} ${number}`, trade)
    return tradeReport(trade)
  }

  /** One that stands, from long ago or from just now. */
  #someone(number: number): Trade {
    const standing = [...this.standing.values()]
    return number % 2 === 0 ? standing.at(-1)! : standing[(number * 13) % standing.length]!
  }

  /** One that was told before, whatever became of it. */
  #told(number: number): Trade {
    return this.#all[number % 2 === 0 ? this.#all.length - 1 : (number * 13) % this.#all.length]!
  }

  #cancel(trade: Trade, number: number): MarketEvent {
    const { symbol, asOf, sequence, tradeDate, source, feed, receivedAt, venue, tape, tradeId } = trade
    this.standing.delete(keyOf(trade))
    const replaces = { tradeDate, venue: venue!, tape: tape!, tradeId: tradeId! }
    const cancel = { symbol, asOf: later(asOf, number), sequence, tradeDate, source, feed, receivedAt, replaces }
    return { type: 'trade_cancel', data: { symbol, cancel, timestamp: cancel.asOf } }
  }

  #correct(trade: Trade, number: number): MarketEvent {
    const { symbol, asOf, tradeDate, venue, tape, tradeId } = trade
    const corrected = { ...trade, price: 95.5, size: trade.size + 1, tradeId: `${tradeId}-corrected` }
    this.standing.delete(keyOf(trade))
    this.standing.set(keyOf(trade), { ...corrected, asOf })
    const replaces = { tradeDate, venue: venue!, tape: tape!, tradeId: tradeId! }
    const correction = { ...corrected, asOf: later(asOf, number), replaces }
    return { type: 'trade_correction', data: { symbol, correction, timestamp: correction.asOf } }
  }
}

const keyOf = ({ symbol, sequence }: Trade) => `${symbol} ${sequence}`
/** Each of another instant: of two that concern one trade the later one counts. */
const later = (asOf: string, number: number) => `${isoOf(Date.parse(asOf) + number).slice(0, -1)}${asOf.slice(23)}`

export const tradeReport = (trade: Trade): MarketEvent => ({
  type: 'trade',
  data: { symbol: trade.symbol, trade, timestamp: trade.asOf }
})
