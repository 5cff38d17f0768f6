import type { LogEntry } from '../log/log-entry.ts'
import { RecordKind } from '../log/record.ts'
import { isSuperseded, quoteAt, type Place } from '../log/superseded.ts'
import type { MarketData } from '../market/market-data.ts'

/**
 * Lets this process's memory learn what the log shows, of entries that the returned function is given: of each symbol that
 * it holds the newest quote of a turn of the event loop. Memory holds on to no older quote than the log has shown. Of what
 * it does not hold nothing is decoded, and the bytes of an answer are those of the frame.
 */
export function createMemoryFeed(
  marketData: Pick<MarketData, 'holdsQuote' | 'quoteSeen'>
): (entries: readonly LogEntry[]) => void {
  const newest = new Map<string, Place>()

  function note(entry: LogEntry): void {
    if (!entry.hasQuotes) return
    for (let index = 0; index < entry.count; index++) {
      const row = entry.row(index)
      if (row < 0 || entry.kind(index) !== RecordKind.quote) continue
      const symbol = entry.textOf(row)
      if (!marketData.holdsQuote(symbol)) continue
      const held = newest.get(symbol)
      const seen = { entry, index }
      if (!held || !isSuperseded(seen, held)) newest.set(symbol, seen)
    }
  }

  function feed(): void {
    for (const [symbol, { entry, index }] of newest) {
      const quote = { value: quoteAt({ entry, index }), body: entry.quoteJson(index) }
      marketData.quoteSeen(symbol, quote, entry.receivedAt(index))
    }
    newest.clear()
  }

  return (entries) => {
    const isWaiting = newest.size > 0
    for (const entry of entries) note(entry)
    if (!isWaiting && newest.size > 0) setImmediate(feed)
  }
}
