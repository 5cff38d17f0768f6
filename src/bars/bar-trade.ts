import type { InstantNs } from '../market/instant-ns.ts'
import { DAY_MS } from '../market/time.ts'
import { eligibilityInSession } from '../market/trade-conditions.ts'
import type { Trade } from '../market/trade.ts'

/** What a trade may move of a bar; any of them together. */
export const MOVES_LAST = 1
export const MOVES_RANGE = 2
export const COUNTS = 4
const MOVES_ALL = MOVES_LAST | MOVES_RANGE | COUNTS

/** A day of which no trade outside of regular hours is. */
export const NO_DAY = -1

/** What bars need of a trade. */
export type BarTrade = {
  /** Epoch milliseconds, and the nanoseconds beyond. */
  readonly ms: number
  readonly ns: number
  readonly sequence: number
  readonly price: number
  readonly size: number
  readonly moves: number
  /** Its trade date as days since 1970; NO_DAY outside of regular hours, of which no daily bar is made. */
  readonly day: number
}

export type TradeTold = Pick<Trade, 'sequence' | 'price' | 'size' | 'tradeDate' | 'session' | 'tape' | 'conditions'> & {
  readonly asOf: InstantNs
}

export function barTradeOf(trade: TradeTold): BarTrade {
  const { asOf, sequence, price, size, session = 'regular', tradeDate } = trade
  const day = session === 'regular' ? daysOf(tradeDate) : NO_DAY
  return { ms: asOf.ms, ns: asOf.ns, sequence, price, size, moves: movesOf(trade), day }
}

function movesOf(trade: TradeTold): number {
  if (trade.conditions === undefined || trade.tape === undefined) return MOVES_ALL
  const { last, range, volume } = eligibilityInSession(trade)
  return (last ? MOVES_LAST : 0) | (range ? MOVES_RANGE : 0) | (volume ? COUNTS : 0)
}

let lastDate = ''
let lastDays = NO_DAY

/** Days since 1970 of a date (YYYY-MM-DD): of many trades in a row the same. */
function daysOf(date: string): number {
  if (date !== lastDate) {
    lastDays = Date.parse(date) / DAY_MS
    lastDate = date
  }
  return lastDays
}
