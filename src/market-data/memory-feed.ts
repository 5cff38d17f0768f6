import type { LogEntry } from '../log/log-entry.ts'
import { RecordKind } from '../log/record.ts'
import type { QuoteUpdate } from '../market/event.ts'
import type { MarketData } from '../market/market-data.ts'
import { supersedes } from '../market/order.ts'
import type { Quote } from '../market/quote.ts'

/** A quote in the log: its entry, and its place there. */
type Seen = { readonly entry: LogEntry; readonly index: number }

/**
 * Lets this process's memory learn what the log shows, of entries that the returned function is given: of each symbol that
 * it holds the newest quote of a turn of the event loop. Memory holds on to no older quote than the log has shown; nothing
 * is decoded until somebody asks for it, and then the bytes of its frame are those of the answer.
 */
export function createMemoryFeed(
  marketData: Pick<MarketData, 'holdsOlderQuote' | 'quoteSeen'>
): (entries: readonly LogEntry[]) => void {
  const newest = new Map<string, Seen>()

  function note(entry: LogEntry): void {
    if (!hasQuotes(entry)) return
    for (let index = 0; index < entry.count; index++) {
      const row = entry.row(index)
      if (row < 0 || entry.kind(index) !== RecordKind.quote) continue
      const symbol = entry.textOf(row)
      const held = newest.get(symbol)
      const seen = { entry, index }
      if (!held || supersedes(quoteOf(held), quoteOf(seen))) newest.set(symbol, seen)
    }
  }

  function feed(): void {
    for (const [symbol, { entry, index }] of newest) {
      const receivedAt = entry.receivedAt(index)
      if (!marketData.holdsOlderQuote(symbol, receivedAt)) continue
      // A copy: the entry has many other records, which must not stay for the sake of this one.
      const alone = entry.only(index)
      const read = () => ({ value: quoteOf({ entry: alone, index: 0 }), body: alone.quoteJson(0) })
      marketData.quoteSeen(symbol, receivedAt, read)
    }
    newest.clear()
  }

  return (entries) => {
    const isWaiting = newest.size > 0
    for (const entry of entries) note(entry)
    if (!isWaiting && newest.size > 0) setImmediate(feed)
  }
}

const quoteOf = ({ entry, index }: Seen): Quote => (entry.event(index) as QuoteUpdate).data.quote

function hasQuotes(entry: LogEntry): boolean {
  for (let row = 0; row < entry.rows; row++) if (entry.isOfQuotes(row)) return true
  return false
}
