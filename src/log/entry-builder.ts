import type { MarketEvent } from '../market/event.ts'
import { writeBar } from './record-bar.ts'
import { writeBbo } from './record-bbo.ts'
import { kindOf, writeJsonRecord } from './record-json.ts'
import { writeQuote } from './record-quote.ts'
import { writeTrade } from './record-trade.ts'
import { RecordWriter } from './record-writer.ts'
import { FLAGS_AT, IS_JSON, KIND_BITS, MAX_RECORD_BYTES, NONE, ROW_AT, type RecordKind } from './record.ts'
import type { WrittenTopic } from './topic-name.ts'

/**
 * One entry of version 2: what one process appended until it was written, little-endian. The first 16 bytes are those
 * of every version:
 *
 *     0  u8   version
 *     1  u8   which entry of its producer in this shard it is: the low byte
 *     2  u16  number of records
 *     4  u32  the next byte of that, then 24 bits of the producer: a number that a process draws when it opens the log
 *     8  f64  when it was appended, epoch ms with fractions
 *    16  f64  base: records tell instants by their distance from it, epoch ms
 *    24  u32  length of the whole entry
 *    28  u32  where the records begin
 *    32  u16  rows of the table of topics
 *    34  u16  number of strings
 *    36  i32… hash of each row's topic, so that a reader finds out what it wants without making a name
 *        the rows: number of the topic's prefix (u8), length (u8) and UTF-8 of what follows it
 *        the strings that records refer to by their place: length (u8) and UTF-8
 *        the records, one behind the other
 */
export const VERSION = 2
export const ENTRY_HEAD_BYTES = 36
export const COUNT_AT = 2
export const BASE_AT = 16
export const LENGTH_AT = 24
export const RECORDS_AT = 28
export const ROWS_AT = 32
export const STRINGS_AT = 34

/**
 * An entry takes no event more when it is as large: readers hold entries whole. With one more record, and what Redis adds to it,
 * it still fits into 64 KiB of its memory, above which Redis would take 80.
 */
const FULL_ENTRY_BYTES = 64 * 1024 - 1024
const MAX_RECORDS = 0xff_ff
const HASH_BYTES = 4
/** With its length. */
const MAX_TEXT_BYTES = 256
/** A record needs no more, but for JSON, which makes room for itself. */
const MAX_FIXED_BYTES = 8192
const KEPT_BYTES = 128 * 1024

/** A place in an entry that is being made, to go back to. */
export type BuilderMark = {
  readonly count: number
  readonly rows: number
  readonly rowsAt: number
  readonly at: number
  /** Of the whole entry. */
  readonly bytes: number
}

/** Makes an entry of events that are encoded straight into it. */
export class EntryBuilder {
  /** When the first event came, epoch ms with fractions. */
  appendedAt = 0
  count = 0
  readonly #records = new RecordWriter()
  /** The table of topics: the hashes of its rows, and the rows. */
  readonly #hashes = new RecordWriter()
  readonly #rows = new RecordWriter()
  #rowCount = 0
  /** By it topics know that they have a row here. */
  #table = {}
  #written = newPromise()

  /** So many bytes the entry has, but for its strings; nothing before its first event. */
  get bytes(): number {
    return this.count === 0 ? 0 : ENTRY_HEAD_BYTES + this.#hashes.at + this.#rows.at + this.#records.at
  }

  get isFull(): boolean {
    return this.bytes >= FULL_ENTRY_BYTES || this.count >= MAX_RECORDS
  }

  /** Resolves when the log holds the events; rejects when it may not. */
  get written(): PromiseWithResolvers<void> {
    return this.#written
  }

  get mark(): BuilderMark {
    const { count, bytes } = this
    return { count, rows: this.#rowCount, rowsAt: this.#rows.at, at: this.#records.at, bytes }
  }

  /** Takes back the events that were added since a mark. */
  backTo({ count, rows, rowsAt, at }: BuilderMark): void {
    this.count = count
    this.#rowCount = rows
    this.#hashes.at = rows * HASH_BYTES
    this.#rows.at = rowsAt
    this.#records.at = at
    // Topics that have a row get another one.
    this.#table = {}
  }

  /** Adds an event behind the others. Throws RangeError for an impossible size; then the caller goes back to a mark. */
  add(event: MarketEvent, topic: WrittenTopic): void {
    const writer = this.#records
    if (this.count === 0) {
      this.appendedAt = performance.timeOrigin + performance.now()
      writer.base = Math.floor(this.appendedAt)
    }
    writer.reserve(MAX_FIXED_BYTES)
    const start = writer.at
    const row = this.#rowOf(topic)
    const kind = kindOf(event)
    const code = writePacked(writer, event, kind)
    if (code === NONE) {
      writer.at = start
      writeJsonRecord(writer, kind, event, this.appendedAt)
    }
    const length = writer.at - start
    if (length > MAX_RECORD_BYTES) throw new RangeError(`an event of ${topic.name} is too large: ${length} bytes`)
    this.#writeHead(start, code === NONE ? kind : code, row, code === NONE)
    this.count++
  }

  /** The entry, not signed yet. */
  finish(): Buffer {
    const records = this.#records
    const rows = this.#rows
    for (const text of records.strings.keys()) {
      rows.reserve(MAX_TEXT_BYTES)
      rows.text(text)
    }
    const rowsAt = ENTRY_HEAD_BYTES + this.#hashes.at
    const recordsAt = rowsAt + rows.at
    const entry = Buffer.allocUnsafeSlow(recordsAt + records.at)
    const { count, appendedAt } = this
    const strings = records.strings.size
    writeEntryHead(entry, { count, appendedAt, base: records.base, recordsAt, rows: this.#rowCount, strings })
    this.#hashes.bytes.copy(entry, ENTRY_HEAD_BYTES, 0, this.#hashes.at)
    rows.bytes.copy(entry, rowsAt, 0, rows.at)
    records.bytes.copy(entry, recordsAt, 0, records.at)
    return entry
  }

  /** Makes another entry from now on. */
  clear(): void {
    for (const each of [this.#hashes, this.#rows, this.#records]) each.clear(KEPT_BYTES)
    this.#rowCount = 0
    this.#table = {}
    this.count = 0
    this.#written = newPromise()
  }

  #rowOf(topic: WrittenTopic): number {
    if (topic.table === this.#table) return topic.row
    topic.table = this.#table
    topic.row = this.#rowCount++
    this.#hashes.reserve(HASH_BYTES)
    this.#hashes.i32(topic.hash)
    this.#rows.reserve(1 + MAX_TEXT_BYTES)
    this.#rows.u8(topic.code)
    this.#rows.text(topic.text)
    return topic.row
  }

  #writeHead(start: number, code: number, row: number, isJson: boolean): void {
    const { view, bytes, at } = this.#records
    view.setUint32(start, ((at - start) << KIND_BITS) | code, true)
    view.setUint16(start + ROW_AT, row, true)
    bytes[start + FLAGS_AT] = isJson ? IS_JSON : 0
  }
}

/** What stands before an entry's table of topics, but for the signature. */
export function writeEntryHead(
  entry: Buffer,
  head: Pick<EntryBuilder, 'count' | 'appendedAt'> & Record<'base' | 'recordsAt' | 'rows' | 'strings', number>
): void {
  entry.fill(0, 0, ENTRY_HEAD_BYTES)
  entry[0] = VERSION
  entry.writeUInt16LE(head.count, COUNT_AT)
  entry.writeDoubleLE(head.appendedAt, 8)
  entry.writeDoubleLE(head.base, BASE_AT)
  entry.writeUInt32LE(entry.length, LENGTH_AT)
  entry.writeUInt32LE(head.recordsAt, RECORDS_AT)
  entry.writeUInt16LE(head.rows, ROWS_AT)
  entry.writeUInt16LE(head.strings, STRINGS_AT)
}

/** Returns what stands for the record's kind; NONE where the event must stand as JSON. */
function writePacked(writer: RecordWriter, event: MarketEvent, kind: RecordKind): number {
  switch (event.type) {
    case 'trade':
    case 'trade_backfill':
      return writeTrade(writer, event)
    case 'bbo':
      return writeBbo(writer, event) ? kind : NONE
    case 'quote_update':
      return writeQuote(writer, event) ? kind : NONE
    case 'bar_update':
      return writeBar(writer, event) ? kind : NONE
    default:
      return NONE
  }
}

function newPromise(): PromiseWithResolvers<void> {
  const made = Promise.withResolvers<void>()
  made.promise.catch(() => undefined) // whoever appended is told
  return made
}
