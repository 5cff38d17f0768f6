import type { InstantNs } from '../market/instant-ns.ts'
import { DAY_MS } from '../market/time.ts'
import type { Trade } from '../market/trade.ts'

/** A day of which no trade outside of regular hours is. */
export const NO_DAY = -1

/** What bars need of a trade. */
export type BarTrade = Pick<Trade, 'sequence' | 'price' | 'size' | 'tradeDate' | 'session' | 'tape' | 'conditions'> & {
  readonly asOf: InstantNs
}

/** Where a trade stands: epoch milliseconds, and the day that it is of. */
export type TradeTime = { readonly ms: number; readonly day: number }

export const timeOfTrade = (trade: BarTrade): TradeTime => ({ ms: trade.asOf.ms, day: dayOfTrade(trade) })

let lastDate = ''
let lastDays = NO_DAY

/** A trade's date as days since 1970; NO_DAY outside of regular hours, of which no daily bar is made. */
export function dayOfTrade({ session, tradeDate }: Pick<BarTrade, 'session' | 'tradeDate'>): number {
  if (session !== undefined && session !== 'regular') return NO_DAY
  // Of many trades in a row it is the same.
  if (tradeDate !== lastDate) {
    lastDays = Date.parse(tradeDate) / DAY_MS
    lastDate = tradeDate
  }
  return lastDays
}
