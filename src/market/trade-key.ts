import type { Trade, TradeCancel } from './trade.ts'

/** What tells a trade from all others of its instrument. */
export type TradeIdentity = Pick<Trade, 'tradeDate' | 'venue' | 'tape' | 'tradeId' | 'source' | 'feed' | 'fence'> & {
  readonly sequence?: number | undefined
}

/**
 * Two reports of one trade have one key, and two trades never do: the instrument (its id, or its symbol), trade date,
 * venue, tape and the vendor's id, since vendors give an id again on another day or venue. Where the vendor has none, its
 * feed and the sequence, within what one owner of the connection counted.
 */
export function tradeKey(instrument: string | number, trade: TradeIdentity): string {
  return `${instrument} ${trade.tradeDate} ${keyWithinDay(trade)}`
}

/** What is left of a trade's key where its instrument and trade date are known. */
export function keyWithinDay(trade: Omit<TradeIdentity, 'tradeDate'>): string {
  const { venue = '', tape = '', tradeId, source, feed, fence = '', sequence = '' } = trade
  // An id may be any text, so it stands last; nothing before it has a space.
  return tradeId === undefined ? `sequence ${source} ${feed} ${fence} ${sequence}` : `id ${venue} ${tape} ${tradeId}`
}

type Replacement = Pick<TradeCancel, 'replaces' | 'source' | 'feed'>

/** What a correction or a cancellation replaces. */
export function replacedTrade(by: Replacement): TradeIdentity {
  return { ...by.replaces, source: by.source, feed: by.feed }
}

/** The key of the trade that a correction or a cancellation replaces. */
export function replacedTradeKey(instrument: string | number, by: Replacement): string {
  return tradeKey(instrument, replacedTrade(by))
}
