import { packEntries, LogEntry } from '../src/log/entry.ts'
import { encodeEvent, RECORD_HEAD_BYTES } from '../src/log/record.ts'
import { quoteUpdate, type MarketEvent } from '../src/market/event.ts'

export const SYMBOLS = 2000
/** Keeps the stamp's digits as many as long as the machine runs: a prepared record has room for each. */
const STAMP_BASE = 1_000_000_000_000
/** Volume of a quote and size of a trade alike are the third number of their records. */
const STAMP_NUMBER = 2

export type Stream = 'trades' | 'quotes'

export const symbolAt = (index: number): string => `S${String(index).padStart(4, '0')}`

/** This instant on the machine's monotonic clock, which all processes share, in microseconds. */
export const stampNow = (): number => STAMP_BASE + Number(process.hrtime.bigint() / 1000n)

/** An event that carries when it was published, as a trade's size or a quote's volume. */
export function tickOf(stream: Stream, symbol: string, stamp: number): MarketEvent {
  const asOf = new Date().toISOString()
  const price = 231.45
  if (stream === 'trades') {
    const trade = {
      symbol,
      price,
      size: stamp,
      asOf,
      sequence: 1,
      tradeDate: asOf.slice(0, 10),
      source: 'sandbox',
      feed: 'sandbox' as const,
      receivedAt: asOf
    }
    return { type: 'trade', data: { symbol, trade, timestamp: asOf } }
  }
  const provenance = {
    source: 'sandbox',
    feed: 'sandbox' as const,
    receivedAt: asOf,
    state: 'live' as const,
    attempts: []
  }
  return quoteUpdate({ symbol, price, volume: stamp, currency: 'USD', asOf, provenance })
}

type Prepared = { record: Buffer; stampAt: number }

/** Makes log entries of ticks from records that are encoded already: encoding is the work of whoever appends. */
export class TickEntries {
  readonly #prepared: readonly Prepared[]
  #sequence = 0

  constructor(stream: Stream) {
    this.#prepared = Array.from({ length: SYMBOLS }, (_, index) => {
      const { record } = encodeEvent(tickOf(stream, symbolAt(index), STAMP_BASE), Date.now())
      return { record, stampAt: record.indexOf(String(STAMP_BASE)) }
    })
  }

  /** Entries as the log would hold them, with the present as their stamp. */
  make(symbols: readonly number[]): LogEntry[] {
    const stamp = stampNow()
    const digits = Buffer.from(String(stamp), 'latin1')
    const records = symbols.map((index) => {
      const { record, stampAt } = this.#prepared[index]!
      record.writeDoubleLE(stamp, RECORD_HEAD_BYTES + STAMP_NUMBER * 8)
      record.set(digits, stampAt)
      return record
    })
    const appendedAt = performance.timeOrigin + performance.now()
    return packEntries(records, appendedAt).map(
      (bytes) => new LogEntry(0, Math.floor(appendedAt), this.#sequence++, bytes)
    )
  }
}
