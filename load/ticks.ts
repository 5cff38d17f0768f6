import { readEntry } from '../src/log/entry.ts'
import { ENTRY_HEAD_BYTES, EntryBuilder, LENGTH_AT, RECORDS_AT, ROWS_AT } from '../src/log/entry-builder.ts'
import type { LogEntry } from '../src/log/log-entry.ts'
import { ROW_AT } from '../src/log/record.ts'
import { WrittenTopics } from '../src/log/topic-name.ts'
import { quoteUpdate, type MarketEvent } from '../src/market/event.ts'

export const SYMBOLS = 2000
/** Keeps the stamp's digits as many as long as the machine runs: a prepared record has room for each. */
const STAMP_BASE = 1_000_000_000_000
/** Of 64 KiB, as the log's. */
const TICKS_PER_ENTRY = 700

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

/** A tick as it stands in an entry: its topic's row in the table, and its record. */
type Prepared = { readonly hash: number; readonly row: Buffer; readonly record: Buffer; readonly stampAt: number }

const PLACE = { shard: 0, idMs: 0, idSeq: 0 }

/** Makes log entries of ticks from records that are encoded already: encoding is the work of whoever appends. */
export class TickEntries {
  readonly #prepared: readonly Prepared[]
  /** Of all entries: their head, and the strings that records share. */
  readonly #head: Buffer
  readonly #strings: Buffer
  #sequence = 0

  constructor(stream: Stream) {
    const builder = new EntryBuilder()
    const topics = new WrittenTopics(1)
    const entries = Array.from({ length: SYMBOLS }, (_, index) => {
      const event = tickOf(stream, symbolAt(index), STAMP_BASE)
      builder.add(event, topics.of(event))
      const entry = builder.finish()
      builder.clear()
      return entry
    })
    this.#prepared = entries.map(preparedOf)
    this.#head = Buffer.from(entries[0]!.subarray(0, ENTRY_HEAD_BYTES))
    const { row } = this.#prepared[0]!
    this.#strings = entries[0]!.subarray(ENTRY_HEAD_BYTES + 4 + row.length, entries[0]!.readUInt32LE(RECORDS_AT))
  }

  /** Entries as the log would hold them, with the present as their stamp. */
  make(symbols: readonly number[]): LogEntry[] {
    const stamp = stampNow()
    const appendedAt = performance.timeOrigin + performance.now()
    const entries: LogEntry[] = []
    for (let from = 0; from < symbols.length; from += TICKS_PER_ENTRY) {
      const bytes = this.#entry(symbols.slice(from, from + TICKS_PER_ENTRY), stamp, appendedAt)
      entries.push(readEntry({ ...PLACE, idMs: Math.floor(appendedAt), idSeq: this.#sequence++ }, bytes))
    }
    return entries
  }

  #entry(symbols: readonly number[], stamp: number, appendedAt: number): Buffer {
    const ticks = symbols.map((index) => this.#prepared[index]!)
    const tableBytes = ticks.reduce((sum, { row }) => sum + 4 + row.length, 0)
    const recordsAt = ENTRY_HEAD_BYTES + tableBytes + this.#strings.length
    const bytes = Buffer.allocUnsafe(recordsAt + ticks.reduce((sum, { record }) => sum + record.length, 0))
    bytes.set(this.#head)
    bytes.writeUInt16LE(ticks.length, 2)
    bytes.writeDoubleLE(appendedAt, 8)
    bytes.writeUInt32LE(bytes.length, LENGTH_AT)
    bytes.writeUInt32LE(recordsAt, RECORDS_AT)
    bytes.writeUInt16LE(ticks.length, ROWS_AT)
    let hashAt = ENTRY_HEAD_BYTES
    let rowAt = ENTRY_HEAD_BYTES + 4 * ticks.length
    let recordAt = recordsAt
    for (const [at, { hash, row, record, stampAt }] of ticks.entries()) {
      hashAt = bytes.writeInt32LE(hash, hashAt)
      bytes.set(row, rowAt)
      rowAt += row.length
      bytes.set(record, recordAt)
      bytes.writeUInt16LE(at, recordAt + ROW_AT)
      bytes.writeDoubleLE(stamp, recordAt + stampAt)
      recordAt += record.length
    }
    bytes.set(this.#strings, rowAt)
    return bytes
  }
}

function preparedOf(bytes: Buffer): Prepared {
  const record = bytes.subarray(bytes.readUInt32LE(RECORDS_AT))
  const stamp = Buffer.alloc(8)
  stamp.writeDoubleLE(STAMP_BASE)
  const rowAt = ENTRY_HEAD_BYTES + 4
  const row = bytes.subarray(rowAt, rowAt + 2 + bytes[rowAt + 1]!)
  return { hash: bytes.readInt32LE(ENTRY_HEAD_BYTES), row, record, stampAt: record.indexOf(stamp) }
}
