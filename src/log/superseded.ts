import type { QuoteUpdate } from '../market/event.ts'
import { supersedes } from '../market/order.ts'
import type { Quote } from '../market/quote.ts'
import type { LogEntry } from './log-entry.ts'
import { RecordKind } from './record.ts'

/** An event as it lies in the log. */
export type Place = { readonly entry: LogEntry; readonly index: number }

export const quoteAt = ({ entry, index }: Place): Quote => (entry.event(index) as QuoteUpdate).data.quote

/**
 * Whether a quote comes before another one of its symbol by the one rule of order (src/market/order.ts), although it was
 * appended later: whoever was shown the other must not be shown it. Events of other kinds never do.
 */
export function isSuperseded(event: Place, held: Place): boolean {
  const { entry, index } = event
  if (entry.kind(index) !== RecordKind.quote || held.entry.kind(held.index) !== RecordKind.quote) return false
  // The vendor's instant comes first in the order, and mostly decides.
  const laterByMs = entry.number(index, 0) - held.entry.number(held.index, 0)
  if (laterByMs !== 0) return laterByMs < 0
  return supersedes(quoteAt(event), quoteAt(held))
}
