import type { LogEntry } from '../log/entry.ts'
import type { EventLog } from '../log/log.ts'
import { RecordKind } from '../log/record.ts'
import type { QuoteUpdate } from '../market/event.ts'
import type { MarketData } from '../market/market-data.ts'

const QUOTES = 'quotes:'
const CLOSING_BRACE = '}'

/**
 * The log, for whoever follows it on behalf of this process: what they are given, this process's memory learns too, right
 * behind them. Memory holds on to no older quote than the log has shown; what it does not hold costs a look-up of its
 * name, and nothing is parsed until somebody asks for it.
 */
export function feedingMemory(
  eventLog: EventLog,
  marketData: Pick<MarketData, 'holdsOlderQuote' | 'quoteSeen'>
): EventLog {
  const feed = (entries: readonly LogEntry[]): void => {
    for (const entry of entries) {
      for (let index = 0; index < entry.count; index++) {
        if (entry.kind(index) === RecordKind.quote) feedOne(entry, index)
      }
    }
  }

  function feedOne(entry: LogEntry, index: number): void {
    const symbol = entry.topic(index).slice(QUOTES.length)
    const receivedAt = entry.receivedAt(index)
    if (!marketData.holdsOlderQuote(symbol, receivedAt)) return
    // A copy: the entry has many other records, which must not stay for the sake of this one.
    const json = Buffer.from(entry.bytes.subarray(entry.jsonStart(index), entry.jsonEnd(index)))
    const read = () => (JSON.parse(json.toString() + CLOSING_BRACE) as QuoteUpdate).data.quote
    marketData.quoteSeen(symbol, receivedAt, read)
  }

  return {
    ...eventLog,
    tail: (from, listener) =>
      eventLog.tail(from, {
        entries(entries) {
          listener.entries(entries)
          setImmediate(() => feed(entries))
        },
        replaced: (epoch, losses) => listener.replaced(epoch, losses)
      })
  }
}
