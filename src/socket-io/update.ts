import { newestOf } from '../hub/fanout.ts'
import { eventOf, quoteOf } from '../hub/format.ts'
import type { Hub } from '../hub/hub.ts'
import { isOutdatedQuote } from '../hub/snapshot.ts'
import { isValue, type CurrentValue, type NoValue } from '../hub/sources.ts'
import type { EventRef, Topic } from '../hub/topic.ts'
import { RecordKind } from '../log/record.ts'
import type { Quote } from '../market/quote.ts'
import type { Trade } from '../market/trade.ts'

/** While a symbol's newest trade is younger than this, its quotes say nothing that its trades did not. */
const TRADE_SILENCE_MS = 60_000

/** A change of a symbol's price. */
export type Update =
  | { readonly topic: Topic; readonly trade: Trade }
  | {
      readonly topic: Topic
      readonly quote: Quote
      /** Whether trades of the symbol came lately. */
      readonly isTraded: boolean
    }

/** Parses an event of a quotes or a trades topic. */
export function readUpdate(hub: Hub, event: Pick<EventRef, 'topic' | 'entry' | 'index'>): Update {
  const { topic, entry, index } = event
  if (entry.kind(index) === RecordKind.trade) {
    return { topic, trade: (eventOf(event) as { data: { trade: Trade } }).data.trade }
  }
  const quote = quoteOf(event)!.quote as Quote
  return quoteUpdateOf(hub, topic, quote, entry.receivedAt(index))
}

export function quoteUpdateOf(hub: Hub, topic: Topic, quote: Quote, receivedAt: number): Update {
  const trades = hub.topics.find(`trades:${quote.symbol}`)
  const tradedAt = trades?.entry?.receivedAt(trades.index) ?? -Infinity
  return { topic, quote, isTraded: receivedAt - tradedAt < TRADE_SILENCE_MS }
}

/** The newest of each of a symbol's streams: of quotes what the market answered, unless the hub saw a newer one. */
export function newestUpdates(
  hub: Hub,
  [quotes, ...others]: readonly Topic[],
  value: CurrentValue | NoValue | undefined
): Update[] {
  hub.lookBack()
  const updates = others.flatMap((topic) => (topic.entry ? [readUpdate(hub, newestOf(topic))] : []))
  if (isOutdatedQuote(value, quotes!)) updates.push(readUpdate(hub, newestOf(quotes!)))
  else if (value && isValue(value)) {
    updates.push(quoteUpdateOf(hub, quotes!, value.value as Quote, value.receivedAt))
  }
  return updates
}
