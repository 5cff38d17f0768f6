import { compareInstantNs, parseInstantNs } from '../market/instant-ns.ts'
import type { Quote } from '../market/quote.ts'
import type { Trade, TradeReference } from '../market/trade.ts'
import type { Origin } from './part-origins.ts'

type Stamp = Pick<Trade, 'asOf' | 'sequence' | 'tradeDate' | 'source' | 'feed' | 'receivedAt'>

/** A price that was the last one, and who told it. */
export type Last = Stamp &
  Pick<Trade, 'price' | 'currency' | 'tradeId'> & {
    /** Of the price alone, where another one told it: the stream knows only what is traded outside regular hours. */
    readonly priceOrigin?: Origin
    /** It stands for the regular price beside such a stream, until another one was polled. */
    readonly isBeside?: boolean
    readonly notes?: readonly string[]
    /** It was told while its market was closed. */
    readonly isClosed?: boolean
  }

type Polled = { readonly newest: Quote; readonly origin: Origin }

/**
 * The regular price beside one of a stream that knows what is traded outside regular hours alone: as it was polled, of the session
 * of `tradeDate` (YYYY-MM-DD), or the stream's own where nothing was.
 */
export function regularBeside(told: Last, polled: Polled | undefined, tradeDate: string): Last {
  if (!polled) return { ...told, isBeside: true }
  const { newest, origin } = polled
  const { receivedAt } = newest.provenance
  return {
    ...told,
    price: newest.price,
    tradeDate,
    // Of quotes of one instant the one that was received last counts.
    receivedAt: receivedAt > told.receivedAt ? receivedAt : told.receivedAt,
    priceOrigin: origin,
    isBeside: true
  }
}

/** Whether it is the trade that a vendor means, as far as the two say. */
export function isReplaced(held: Last, { price, asOf, tradeId }: TradeReference): boolean {
  if (held.price !== price || (asOf !== undefined && held.asOf !== asOf)) return false
  return tradeId === undefined || held.tradeId === undefined || held.tradeId === tradeId
}

/** Of one instant the vendor's sequence decides. */
export function isBefore(trade: Last, other: Last | undefined): boolean {
  if (!other) return false
  // Instants of one length are in the order of their texts.
  if (trade.asOf.length === other.asOf.length) {
    return trade.asOf < other.asOf || (trade.asOf === other.asOf && trade.sequence < other.sequence)
  }
  const [instant, held] = [parseInstantNs(trade.asOf), parseInstantNs(other.asOf)]
  const difference = instant && held ? compareInstantNs(instant, held) : 0
  return difference < 0 || (difference === 0 && trade.sequence < other.sequence)
}
