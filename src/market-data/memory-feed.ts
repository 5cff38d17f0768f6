import type { LogEntry } from '../log/log-entry.ts'
import { RecordKind } from '../log/record.ts'
import { isSuperseded, quoteAt, type Place } from '../log/superseded.ts'
import type { MarketData, Seen } from '../market/market-data.ts'
import type { Quote } from '../market/quote.ts'

/** Entries are held on to for so long, so that of a symbol's quotes in them only the newest is copied. */
const HOLD_ENTRIES_MS = 50

/**
 * Lets this process's memory learn what the log shows, of entries that the returned function is given: of each symbol that
 * it holds the newest quote of a turn of the event loop. Memory holds on to no older quote than the log has shown. What it
 * takes is the record alone, which is read once somebody asks; the bytes of an answer are those of the frame.
 */
export function createMemoryFeed(
  marketData: Pick<MarketData, 'holdsQuote' | 'quoteSeen'>
): (entries: readonly LogEntry[]) => void {
  const newest = new Map<string, Place>()
  /** The newest of each symbol that still lies in its entry. */
  const uncopied = new Map<string, SeenQuote>()

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
    if (uncopied.size === 0) setTimeout(letGo, HOLD_ENTRIES_MS).unref()
    for (const [symbol, place] of newest) {
      const seen = new SeenQuote(place)
      uncopied.set(symbol, seen)
      marketData.quoteSeen(symbol, seen)
    }
    newest.clear()
  }

  function letGo(): void {
    for (const seen of uncopied.values()) seen.copy()
    uncopied.clear()
  }

  return (entries) => {
    const isWaiting = newest.size > 0
    for (const entry of entries) note(entry)
    if (!isWaiting && newest.size > 0) setImmediate(feed)
  }
}

/** A quote as its record in the log: in its entry at first, then in a copy without the entry's others. */
class SeenQuote implements Seen<Quote> {
  readonly receivedAt: number
  #place: Place
  #value: Quote | undefined

  constructor(place: Place) {
    this.receivedAt = place.entry.receivedAt(place.index)
    this.#place = place
  }

  get value(): Quote {
    return (this.#value ??= quoteAt(this.#place))
  }

  get body(): Buffer {
    return this.#place.entry.quoteJson(this.#place.index)
  }

  comesBefore(other: SeenQuote): boolean {
    return isSuperseded(this.#place, other.#place)
  }

  copy(): void {
    const { entry, index } = this.#place
    this.#place = { entry: entry.only(index), index: 0 }
  }
}
