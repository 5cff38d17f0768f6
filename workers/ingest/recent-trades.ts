import type { TradeReport } from '../../src/market/event.ts'
import { tradeKey } from '../../src/market/trade.ts'

/** Vendors tell a trade twice within seconds; this is some seconds of a whole market, twice. */
const MAX_TRADES = 100_000

/** Recognises trades that a vendor told before, by their identity, which holds the trade date. Those without an id are all new. */
export class RecentTrades {
  #newer = new Set<string>()
  #older = new Set<string>()

  /** Whether the trade is told for the first time, as far back as is known. */
  isNew({ data: { symbol, trade } }: TradeReport): boolean {
    if (trade.tradeId === undefined) return true
    const key = tradeKey(symbol, trade)
    if (this.#newer.has(key) || this.#older.has(key)) return false
    this.#newer.add(key)
    if (this.#newer.size >= MAX_TRADES) {
      this.#older = this.#newer
      this.#newer = new Set()
    }
    return true
  }
}
