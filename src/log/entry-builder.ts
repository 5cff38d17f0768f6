import type { MarketEvent } from '../market/event.ts'
import { writeBar } from './record-bar.ts'
import { writeBbo } from './record-bbo.ts'
import { kindOf, writeJsonRecord } from './record-json.ts'
import { writeQuote } from './record-quote.ts'
import { writeTrade } from './record-trade.ts'
import { keyCount, RecordWriter } from './record-writer.ts'
import { FLAGS_AT, IS_JSON, KIND_BITS, MAX_RECORD_BYTES, ROW_AT, type RecordKind } from './record.ts'
import type { WrittenTopic } from './topic-name.ts'

/**
 * One stream entry of version 2: what one process appended until it was written, little-endian. The first 16 bytes are those
 * of every version:
 *
 *     0  u8   version
 *     1  u8   which entry of its producer in this shard it is, modulo 256
 *     2  u16  number of records
 *     4  u32  the producer: a number that a process draws when it opens the log
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
export const BASE_AT = 16
export const LENGTH_AT = 24
export const RECORDS_AT = 28
export const ROWS_AT = 32
export const STRINGS_AT = 34
const HASH_BYTES = 4

/** An entry takes no event more when it is as large: readers hold entries whole. A single larger record still goes. */
export const MAX_ENTRY_BYTES = 64 * 1024
const MAX_RECORDS = 0xff_ff
/** A record needs no more, but for JSON, which makes room for itself. */
const MAX_FIXED_BYTES = 8192
const KEPT_BYTES = 2 * MAX_ENTRY_BYTES

/** A place in an entry that is being made, to go back to. */
export type BuilderMark = {
  readonly count: number
  readonly at: number
  readonly rows: number
  readonly tableBytes: number
  /** Of the whole entry. */
  readonly total: number
}

/** Makes an entry of events that are encoded straight into it. */
export class EntryBuilder {
  /** When the first event came, epoch ms with fractions. */
  appendedAt = 0
  count = 0
  readonly #writer = new RecordWriter()
  readonly #topics: WrittenTopic[] = []
  /** Of the table of topics. */
  #tableBytes = 0
  #written = newPromise()

  /** So many bytes the entry has, but for its strings; nothing before its first event. */
  get bytes(): number {
    return this.count === 0 ? 0 : ENTRY_HEAD_BYTES + this.#tableBytes + this.#writer.at
  }

  get isFull(): boolean {
    return this.bytes >= MAX_ENTRY_BYTES || this.count >= MAX_RECORDS
  }

  /** Resolves when the log holds the events; rejects when it may not. */
  get written(): PromiseWithResolvers<void> {
    return this.#written
  }

  get mark(): BuilderMark {
    const { count, bytes } = this
    return { count, at: this.#writer.at, rows: this.#topics.length, tableBytes: this.#tableBytes, total: bytes }
  }

  /** Takes back the events that were added since a mark. */
  backTo({ count, at, rows, tableBytes }: BuilderMark): void {
    this.count = count
    this.#writer.at = at
    this.#tableBytes = tableBytes
    for (const topic of this.#topics.splice(rows)) topic.owner = undefined
  }

  /** Adds an event behind the others. Throws RangeError for an impossible size; then the caller goes back to a mark. */
  add(event: MarketEvent, topic: WrittenTopic): void {
    const writer = this.#writer
    if (this.count === 0) {
      this.appendedAt = performance.timeOrigin + performance.now()
      writer.base = Math.floor(this.appendedAt)
    }
    writer.reserve(MAX_FIXED_BYTES)
    const start = writer.at
    const row = this.#rowOf(topic)
    const kind = kindOf(event)
    const isJson = !writePacked(writer, event)
    if (isJson) {
      writer.at = start
      writeJsonRecord(writer, kind, event, this.appendedAt)
    }
    const length = writer.at - start
    if (length > MAX_RECORD_BYTES) throw new RangeError(`an event of ${topic.name} is too large: ${length} bytes`)
    this.#writeHead(start, kind, row, isJson)
    this.count++
  }

  /** The entry, not signed yet. */
  finish(): Buffer {
    const writer = this.#writer
    const strings = [...writer.strings.keys()].map((text) => Buffer.from(text))
    const stringBytes = strings.reduce((sum, { length }) => sum + length + 1, 0)
    const recordsAt = ENTRY_HEAD_BYTES + this.#tableBytes + stringBytes
    const entry = Buffer.allocUnsafeSlow(recordsAt + writer.at)
    entry[0] = VERSION
    entry[1] = 0
    entry.writeUInt16LE(this.count, 2)
    entry.writeUInt32LE(0, 4)
    entry.writeDoubleLE(this.appendedAt, 8)
    entry.writeDoubleLE(writer.base, BASE_AT)
    entry.writeUInt32LE(entry.length, LENGTH_AT)
    entry.writeUInt32LE(recordsAt, RECORDS_AT)
    entry.writeUInt16LE(this.#topics.length, ROWS_AT)
    entry.writeUInt16LE(strings.length, STRINGS_AT)
    let at = ENTRY_HEAD_BYTES
    for (const { hash } of this.#topics) at = entry.writeInt32LE(hash, at)
    for (const { code, text } of this.#topics) {
      entry[at] = code
      at = writeBytes(entry, at + 1, text)
    }
    for (const text of strings) at = writeBytes(entry, at, text)
    writer.bytes.copy(entry, recordsAt, 0, writer.at)
    return entry
  }

  /** Makes another entry from now on. */
  clear(): void {
    for (const topic of this.#topics) if (topic.owner === this) topic.owner = undefined
    this.#topics.length = 0
    this.#tableBytes = 0
    this.#writer.clear(KEPT_BYTES)
    this.count = 0
    this.#written = newPromise()
  }

  #rowOf(topic: WrittenTopic): number {
    if (topic.owner === this) return topic.row
    topic.owner = this
    topic.row = this.#topics.length
    this.#topics.push(topic)
    this.#tableBytes += HASH_BYTES + 2 + topic.text.length
    return topic.row
  }

  #writeHead(start: number, kind: RecordKind, row: number, isJson: boolean): void {
    const { view, bytes, at } = this.#writer
    view.setUint32(start, ((at - start) << KIND_BITS) | kind, true)
    view.setUint16(start + ROW_AT, row, true)
    bytes[start + FLAGS_AT] = isJson ? IS_JSON : 0
  }
}

/** False where the event must stand as JSON. */
function writePacked(writer: RecordWriter, event: MarketEvent): boolean {
  if (keyCount(event) !== 2) return false
  switch (event.type) {
    case 'trade':
      return writeTrade(writer, event)
    case 'bbo':
      return writeBbo(writer, event)
    case 'quote_update':
      return writeQuote(writer, event)
    case 'bar_update':
      return writeBar(writer, event)
    default:
      return false
  }
}

function writeBytes(entry: Buffer, at: number, text: Buffer): number {
  entry[at] = text.length
  text.copy(entry, at + 1)
  return at + 1 + text.length
}

function newPromise(): PromiseWithResolvers<void> {
  const made = Promise.withResolvers<void>()
  made.promise.catch(() => undefined) // whoever appended is told
  return made
}
