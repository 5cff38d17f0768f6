import type { MarketEvent, TopicName, TradeReport } from '../market/event.ts'
import { tickOfShape, type Tick } from '../market/tick.ts'
import type { Trade } from '../market/trade.ts'
import { BASE_AT, ENTRY_HEAD_BYTES, LENGTH_AT, RECORDS_AT, ROWS_AT, STRINGS_AT } from './entry-builder.ts'
import { NO_ROW, type EntryPlace, type LogEntry } from './log-entry.ts'
import { JsonWriter } from './json-writer.ts'
import { KnownTexts } from './known-texts.ts'
import { numberOf, readPacked, receivedAtOf, writePackedJson } from './packed-record.ts'
import { jsonStartOf, numberOfJson, receivedAtOfJson } from './record-json.ts'
import { writeQuoteValueJson } from './quote-json.ts'
import type { PackedRecord, RecordReader } from './record-reader.ts'
import { readTradeTick } from './record-trade.ts'
import {
  FLAGS_AT,
  IS_JSON,
  KIND_BITS,
  KIND_MASK,
  MAX_KIND,
  NARROW_TRADE,
  RECORD_HEAD_BYTES,
  RecordKind,
  ROW_AT,
  STATE_AT
} from './record.ts'
import { isBackfillsCode, isQuotesCode, topicNamed, type TopicKey } from './topic-name.ts'

/** A packed record's JSON is no longer than this and so many bytes for each of its own, however they must be escaped. */
const MAX_JSON_BYTES = 4096
const MAX_JSON_PER_BYTE = 6

/** Used by one call at a time. */
const JSON_WRITER = new JsonWriter()
const KNOWN_TEXTS = new KnownTexts()

/** Reads entries as entry-builder.ts makes them. */
export class EntryVersion2 implements LogEntry, RecordReader {
  readonly shard: number
  readonly idHigh: number
  readonly idLow: number
  readonly bytes: Buffer
  readonly view: DataView
  readonly count: number
  readonly firstIndex: number
  readonly unknown: number
  readonly rows: number
  #starts: Uint32Array | undefined
  #rowStarts: Uint32Array | undefined
  #texts: string[] | undefined
  #stringStarts: Uint32Array | undefined
  #strings: string[] | undefined

  /** Throws RangeError for bytes that are cut off. `same` is an entry of the same bytes. */
  constructor({ shard, idHigh, idLow }: EntryPlace, bytes: Buffer, firstIndex = 0, same?: EntryVersion2) {
    this.shard = shard
    this.idHigh = idHigh
    this.idLow = idLow
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.firstIndex = firstIndex
    if (bytes.length < ENTRY_HEAD_BYTES || this.view.getUint32(LENGTH_AT, true) !== bytes.length) throw cutOff()
    this.count = this.view.getUint16(2, true)
    this.rows = this.view.getUint16(ROWS_AT, true)
    this.unknown = same ? same.unknown : this.#walk()
  }

  get appendedAt(): number {
    return this.view.getFloat64(8, true)
  }

  get base(): number {
    return this.view.getFloat64(BASE_AT, true)
  }

  hash(row: number): number {
    return this.view.getInt32(ENTRY_HEAD_BYTES + row * 4, true)
  }

  isTopic(row: number, { code, text }: TopicKey): boolean {
    const { bytes } = this
    const start = this.#rowStart(row)
    if (bytes[start] !== code || bytes[start + 1] !== text.length) return false
    for (let at = 0; at < text.length; at++) if (bytes[start + 2 + at] !== text[at]) return false
    return true
  }

  get hasQuotes(): boolean {
    const { bytes, rows } = this
    let start = ENTRY_HEAD_BYTES + rows * 4
    for (let row = 0; row < rows; row++) {
      if (isQuotesCode(bytes[start]!)) return true
      start += 2 + bytes[start + 1]!
    }
    return false
  }

  isBackfill(row: number): boolean {
    return isBackfillsCode(this.bytes[this.#rowStart(row)]!)
  }

  textAt(row: number): number {
    return this.#rowStart(row) + 1
  }

  textOf(row: number): string {
    const texts = (this.#texts ??= [])
    return (texts[row] ??= KNOWN_TEXTS.at(this.bytes, this.textAt(row), this.hash(row)))
  }

  topicOf(row: number): TopicName {
    return topicNamed(this.bytes[this.#rowStart(row)]!, this.textOf(row))
  }

  stringAt(number: number): number {
    return (this.#stringStarts ??= this.#findStringStarts())[number]!
  }

  string(number: number): string {
    const strings = (this.#strings ??= [])
    return (strings[number] ??= this.#text(this.stringAt(number)))
  }

  row(index: number): number {
    const start = this.#start(index)
    return (this.view.getUint32(start, true) & KIND_MASK) > MAX_KIND
      ? NO_ROW
      : this.view.getUint16(start + ROW_AT, true)
  }

  kind(index: number): RecordKind {
    return this.#kindAt(this.#start(index))
  }

  stateCode(index: number): number {
    return this.kind(index) === RecordKind.quote ? this.bytes[this.#start(index) + STATE_AT]! : 0
  }

  receivedAt(index: number): number {
    const start = this.#start(index)
    return this.#isJson(start) ? receivedAtOfJson(this, start) : receivedAtOf(this, this.#kindAt(start), start)
  }

  number(index: number, at: number): number {
    const start = this.#start(index)
    return this.#isJson(start) ? numberOfJson(this, start, at) : numberOf(this, this.#kindAt(start), start, at)
  }

  maxJsonBytes(index: number, tailLength: number): number {
    const bytes = this.recordBytes(index)
    return this.#isJson(this.#start(index))
      ? bytes + tailLength
      : MAX_JSON_BYTES + bytes * MAX_JSON_PER_BYTE + tailLength
  }

  writeJson(index: number, target: Buffer, at: number, tail: string): number {
    const start = this.#start(index)
    if (this.#isJson(start)) {
      const from = start + jsonStartOf(this.#kindAt(start))
      JSON_WRITER.begin(target, at + this.bytes.copy(target, at, from, this.#end(index)))
    } else if (this.isBackfill(this.row(index))) {
      // It lies there as other trades do. No client is sent one.
      const text = JSON.stringify(this.event(index))
      JSON_WRITER.begin(target, at + target.write(text.slice(0, -1), at))
    } else {
      JSON_WRITER.begin(target, at)
      writePackedJson(JSON_WRITER, this, this.#kindAt(start), start)
    }
    JSON_WRITER.ascii(tail)
    return JSON_WRITER.at
  }

  packed(index: number): PackedRecord | undefined {
    const start = this.#start(index)
    return this.#isJson(start) ? undefined : { entry: this, start }
  }

  event(index: number): MarketEvent {
    const start = this.#start(index)
    if (this.#isJson(start)) return JSON.parse(`${this.#jsonText(index, start)}}`) as MarketEvent
    const event = readPacked(this, this.#kindAt(start), start)
    return event.type === 'trade' && this.isBackfill(this.row(index)) ? { ...event, type: 'trade_backfill' } : event
  }

  trade(index: number): Tick<Trade> {
    const start = this.#start(index)
    return this.#isJson(start) ? tickOfShape((this.event(index) as TradeReport).data.trade) : readTradeTick(this, start)
  }

  quoteJson(index: number): Buffer {
    const start = this.#start(index)
    if (this.#isJson(start)) {
      return Buffer.from(JSON.stringify((this.event(index) as { data: { quote: unknown } }).data.quote))
    }
    JSON_WRITER.begin(Buffer.allocUnsafe(this.maxJsonBytes(index, 0)), 0)
    writeQuoteValueJson(JSON_WRITER, this, start)
    return Buffer.from(JSON_WRITER.target.subarray(0, JSON_WRITER.at))
  }

  recordBytes(index: number): number {
    return this.#end(index) - this.#start(index)
  }

  lyingIn(bytes: Buffer): EntryVersion2 {
    return new EntryVersion2(this, bytes, this.firstIndex, this)
  }

  only(index: number): EntryVersion2 {
    const { bytes } = this
    const rowStart = this.#rowStart(this.row(index))
    const rowEnd = rowStart + 2 + bytes[rowStart + 1]!
    const head = Buffer.from(bytes.subarray(0, ENTRY_HEAD_BYTES))
    const hash = Buffer.alloc(4)
    hash.writeInt32LE(this.hash(this.row(index)))
    const strings = bytes.subarray(this.#rowStart(this.rows), this.view.getUint32(RECORDS_AT, true))
    const record = Buffer.from(bytes.subarray(this.#start(index), this.#end(index)))
    record.writeUInt16LE(0, ROW_AT)
    const alone = Buffer.concat([head, hash, bytes.subarray(rowStart, rowEnd), strings, record])
    alone.writeUInt16LE(1, 2)
    alone.writeUInt16LE(1, ROWS_AT)
    alone.writeUInt32LE(alone.length, LENGTH_AT)
    alone.writeUInt32LE(alone.length - record.length, RECORDS_AT)
    return new EntryVersion2(this, alone, this.firstIndex + index)
  }

  /** From length to length, so that no record leads out of the entry. Returns how many are of unknown kinds. */
  #walk(): number {
    const { view, bytes, count, rows } = this
    let start = view.getUint32(RECORDS_AT, true)
    let unknown = 0
    if (start < ENTRY_HEAD_BYTES + rows * 4) throw cutOff()
    for (let index = 0; index < count; index++) {
      if (start + RECORD_HEAD_BYTES > bytes.length) throw cutOff()
      const word = view.getUint32(start, true)
      if ((word & KIND_MASK) > MAX_KIND) unknown++
      else if (view.getUint16(start + ROW_AT, true) >= rows) throw cutOff()
      if (word >>> KIND_BITS < RECORD_HEAD_BYTES) throw cutOff()
      start += word >>> KIND_BITS
    }
    if (start !== bytes.length) throw cutOff()
    return unknown
  }

  #start(index: number): number {
    return (this.#starts ??= this.#findStarts())[index]!
  }

  #end(index: number): number {
    return (this.#starts ??= this.#findStarts())[index + 1]!
  }

  /** Where each record begins, and behind them where the last one ends. Of entries that nobody looks into nothing is kept. */
  #findStarts(): Uint32Array {
    const { view, count } = this
    const starts = new Uint32Array(count + 1)
    let start = view.getUint32(RECORDS_AT, true)
    for (let index = 0; index < count; index++) {
      starts[index] = start
      start += view.getUint32(start, true) >>> KIND_BITS
    }
    starts[count] = start
    return starts
  }

  /** Of the row's name; that of the row behind the last one is where the strings begin. */
  #rowStart(row: number): number {
    return (this.#rowStarts ??= this.#findRowStarts())[row]!
  }

  #findRowStarts(): Uint32Array {
    const { bytes, rows } = this
    const starts = new Uint32Array(rows + 1)
    let start = ENTRY_HEAD_BYTES + rows * 4
    for (let row = 0; row < rows; row++) {
      starts[row] = start
      start += 2 + bytes[start + 1]!
    }
    starts[rows] = start
    return starts
  }

  #findStringStarts(): Uint32Array {
    const starts = new Uint32Array(this.view.getUint16(STRINGS_AT, true))
    let start = this.#rowStart(this.rows)
    for (let number = 0; number < starts.length; number++) {
      starts[number] = start
      start += 1 + this.bytes[start]!
    }
    return starts
  }

  #text(at: number): string {
    return this.bytes.toString('utf8', at + 1, at + 1 + this.bytes[at]!)
  }

  #kindAt(start: number): RecordKind {
    const kind = this.bytes[start]!
    return kind === NARROW_TRADE ? RecordKind.trade : (kind as RecordKind)
  }

  #isJson(start: number): boolean {
    return (this.bytes[start + FLAGS_AT]! & IS_JSON) !== 0
  }

  #jsonText(index: number, start: number): string {
    return this.bytes.toString('utf8', start + jsonStartOf(this.#kindAt(start)), this.#end(index))
  }
}

const cutOff = () => new RangeError('an entry of the log is cut off')
