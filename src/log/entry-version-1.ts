import type { MarketEvent, QuoteUpdate, TopicName, TradeReport } from '../market/event.ts'
import { tickOfShape, type Tick } from '../market/tick.ts'
import type { Trade } from '../market/trade.ts'
import { NO_ROW, type EntryPlace, type LogEntry } from './log-entry.ts'
import { NUMBERS_OF_KIND, RecordKind } from './record.ts'
import { hashOfTopic, type TopicKey } from './topic-name.ts'

/**
 * Entries of version 1: they are read as long as the log may hold some, and written as long as somebody reads who knows no
 * other. Their first 16 bytes are those of every version; then come the records, one behind the other:
 *
 *     0  u32  length of the whole record
 *     4  u8   kind
 *     5  u8   length of the topic
 *     6  u8   of a quote: whether to trust it, by STATE_CODES; else 0
 *     7  u8   reserved, 0
 *     8  f64  when the server got the value, epoch ms
 *     16 f64… the kind's numbers
 *        topic, ASCII
 *        JSON without its closing brace
 */
export const VERSION_1 = 1
const ENTRY_HEAD_BYTES = 16
const RECORD_HEAD_BYTES = 16
const MAX_ENTRY_BYTES = 64 * 1024
const MAX_KIND = RecordKind.channel
const QUOTES = 'quotes:'
const BACKFILLS = 'backfills:'

export class EntryVersion1 implements LogEntry {
  readonly shard: number
  readonly idHigh: number
  readonly idLow: number
  readonly bytes: Buffer
  readonly count: number
  readonly firstIndex: number
  readonly unknown = 0
  readonly #starts: number[] = []
  #topics: TopicName[] | undefined

  /** Throws RangeError for bytes that cannot be read in full. */
  constructor({ shard, idHigh, idLow }: EntryPlace, bytes: Buffer, firstIndex = 0) {
    if (bytes.length < ENTRY_HEAD_BYTES) throw new RangeError('an entry of the log is cut off')
    this.shard = shard
    this.idHigh = idHigh
    this.idLow = idLow
    this.bytes = bytes
    this.firstIndex = firstIndex
    this.count = bytes.readUInt16LE(2)
    let start = ENTRY_HEAD_BYTES
    for (let index = 0; index < this.count; index++) {
      this.#starts.push(start)
      start += lengthOfRecord(bytes, start)
    }
    this.#starts.push(start)
  }

  get appendedAt(): number {
    return this.bytes.readDoubleLE(8)
  }

  /** Each record has a row of its own. */
  get rows(): number {
    return this.count
  }

  hash(row: number): number {
    return hashOfTopic(this.topicOf(row))
  }

  isTopic(row: number, { text }: TopicKey): boolean {
    return Buffer.from(this.textOf(row)).equals(text)
  }

  get hasQuotes(): boolean {
    for (let row = 0; row < this.rows; row++) if (this.topicOf(row).startsWith(QUOTES)) return true
    return false
  }

  isBackfill(row: number): boolean {
    return this.topicOf(row).startsWith(BACKFILLS)
  }

  textOf(row: number): string {
    const topic = this.topicOf(row)
    return topic.startsWith('movers:') ? topic : topic.slice(topic.indexOf(':') + 1)
  }

  topicOf(row: number): TopicName {
    const topics = (this.#topics ??= [])
    return (topics[row] ??= this.#topic(row))
  }

  row(index: number): number {
    return index < this.count ? index : NO_ROW
  }

  kind(index: number): RecordKind {
    return this.bytes[this.#starts[index]! + 4] as RecordKind
  }

  stateCode(index: number): number {
    return this.bytes[this.#starts[index]! + 6]!
  }

  receivedAt(index: number): number {
    return this.bytes.readDoubleLE(this.#starts[index]! + 8)
  }

  number(index: number, at: number): number {
    return this.bytes.readDoubleLE(this.#starts[index]! + RECORD_HEAD_BYTES + at * 8)
  }

  maxJsonBytes(index: number, tailLength: number): number {
    return this.#starts[index + 1]! - this.#jsonStart(index) + tailLength
  }

  writeJson(index: number, target: Buffer, at: number, tail: string): number {
    const end = at + this.bytes.copy(target, at, this.#jsonStart(index), this.#starts[index + 1])
    return end + target.write(tail, end, 'latin1')
  }

  packed(): undefined {
    return undefined
  }

  event(index: number): MarketEvent {
    return JSON.parse(`${this.bytes.toString('utf8', this.#jsonStart(index), this.#starts[index + 1])}}`) as MarketEvent
  }

  trade(index: number): Tick<Trade> {
    return tickOfShape((this.event(index) as TradeReport).data.trade)
  }

  quoteJson(index: number): Buffer {
    return Buffer.from(JSON.stringify((this.event(index) as QuoteUpdate).data.quote))
  }

  recordBytes(index: number): number {
    return this.#starts[index + 1]! - this.#starts[index]!
  }

  lyingIn(bytes: Buffer): EntryVersion1 {
    return new EntryVersion1(this, bytes, this.firstIndex)
  }

  only(index: number): EntryVersion1 {
    const record = this.bytes.subarray(this.#starts[index], this.#starts[index + 1])
    return new EntryVersion1(this, packVersion1([record], this.appendedAt)[0]!, this.firstIndex + index)
  }

  #topic(index: number): TopicName {
    const start = this.#topicStart(index)
    return this.bytes.toString('latin1', start, start + this.bytes[this.#starts[index]! + 5]!)
  }

  #topicStart(index: number): number {
    return this.#starts[index]! + RECORD_HEAD_BYTES + NUMBERS_OF_KIND[this.kind(index)] * 8
  }

  #jsonStart(index: number): number {
    return this.#topicStart(index) + this.bytes[this.#starts[index]! + 5]!
  }
}

/** The same events as entries of version 1, in order. */
export function asVersion1(entry: LogEntry): Buffer[] {
  const records = Array.from({ length: entry.count }, (_, index) => recordOf(entry, index))
  return packVersion1(records, entry.appendedAt)
}

function recordOf(entry: LogEntry, index: number): Buffer {
  const kind = entry.kind(index)
  const oldKind = kind > MAX_KIND ? RecordKind.channel : kind
  const topic = entry.topicOf(entry.row(index))
  const numbers = NUMBERS_OF_KIND[oldKind]
  const jsonStart = RECORD_HEAD_BYTES + numbers * 8 + topic.length
  const record = Buffer.alloc(jsonStart + entry.maxJsonBytes(index, 0))
  const length = entry.writeJson(index, record, jsonStart, '')
  record.writeUInt32LE(length, 0)
  record[4] = oldKind
  record[5] = topic.length
  record[6] = entry.stateCode(index)
  record.writeDoubleLE(entry.receivedAt(index), 8)
  for (let at = 0; at < numbers; at++) record.writeDoubleLE(entry.number(index, at), RECORD_HEAD_BYTES + at * 8)
  record.write(topic, RECORD_HEAD_BYTES + numbers * 8, 'latin1')
  return record.subarray(0, length)
}

/** Joins records into entries, in order. */
function packVersion1(records: readonly Buffer[], appendedAt: number): Buffer[] {
  const entries: Buffer[] = []
  let together: Buffer[] = []
  let bytes = 0
  const close = () => {
    const head = Buffer.alloc(ENTRY_HEAD_BYTES)
    head[0] = VERSION_1
    head.writeUInt16LE(together.length, 2)
    head.writeDoubleLE(appendedAt, 8)
    if (together.length > 0) entries.push(Buffer.concat([head, ...together]))
    together = []
    bytes = 0
  }
  for (const record of records) {
    if (bytes + record.length > MAX_ENTRY_BYTES) close()
    together.push(record)
    bytes += record.length
  }
  close()
  return entries
}

function lengthOfRecord(bytes: Buffer, start: number): number {
  if (start + RECORD_HEAD_BYTES > bytes.length) throw new RangeError('a record of the log is cut off')
  const length = bytes.readUInt32LE(start)
  const kind = bytes[start + 4]!
  if (!(kind >= 1 && kind <= MAX_KIND)) throw new RangeError('a record of the log is of an unknown kind')
  const numbers = NUMBERS_OF_KIND[kind as RecordKind]
  const isWhole = length >= RECORD_HEAD_BYTES + numbers * 8 + bytes[start + 5]! && start + length <= bytes.length
  if (!isWhole) throw new RangeError('a record of the log is cut off')
  return length
}
