import type { MarketEvent, TopicName } from '../market/event.ts'
import type { Tick } from '../market/tick.ts'
import type { Trade } from '../market/trade.ts'
import type { PackedRecord } from './record-reader.ts'
import type { RecordKind } from './record.ts'
import type { TopicKey } from './topic-name.ts'

/** A row that is none: of records whose kind this version does not know. */
export const NO_ROW = -1

/**
 * An entry as read: what one process appended together. Its records are known by their index, its topics by the row of a
 * table; nothing is decoded before it is asked for. Whoever looks at a record must know that its row is not NO_ROW.
 */
export interface LogEntry {
  readonly shard: number
  readonly bytes: Buffer
  readonly count: number
  /** The place of the first record within the entry as it stands in the log. */
  readonly firstIndex: number
  /** Epoch milliseconds, with fractions. */
  readonly appendedAt: number
  /** Records of kinds that this version does not know. */
  readonly unknown: number
  readonly rows: number
  /** See hashOfTopic. */
  hash(row: number): number
  /** Whether the row's topic is this one; its hash is. */
  isTopic(row: number, key: TopicKey): boolean
  /** Whether a row's topic is of quotes. */
  readonly hasQuotes: boolean
  /** Whether a row's topic is of trades that were fetched later. */
  isBackfill(row: number): boolean
  /** What follows the prefix of the row's topic: the symbol, where it has one. */
  textOf(row: number): string
  topicOf(row: number): TopicName
  /** The row of a record's topic, or NO_ROW. */
  row(index: number): number
  kind(index: number): RecordKind
  /** One of STATE_CODES; 0 where the kind has none. */
  stateCode(index: number): number
  /** When the server got the value, epoch milliseconds. */
  receivedAt(index: number): number
  /** NUMBERS_OF_KIND says what they are. */
  number(index: number, at: number): number
  /** Bytes that the event's JSON and a tail of so many ASCII characters take at most. */
  maxJsonBytes(index: number, tailLength: number): number
  /** Writes the event's JSON, without its closing brace, and an ASCII tail; returns where it ends. */
  writeJson(index: number, target: Buffer, at: number, tail: string): number
  /** The record as it lies in the entry's bytes; undefined for one that is JSON. */
  packed(index: number): PackedRecord | undefined
  event(index: number): MarketEvent
  /** Of a trade's record: the trade, its instants as numbers. Throws RangeError where one cannot be read. */
  trade(index: number): Tick<Trade>
  /** The JSON of a quote alone. */
  quoteJson(index: number): Buffer
  /** Of a record as it stands in the log. */
  recordBytes(index: number): number
  /** The same entry, whose bytes were copied elsewhere. */
  lyingIn(bytes: Buffer): LogEntry
  /** A copy of one record, as an entry that does not keep the others in memory. */
  only(index: number): LogEntry
}

/** Where an entry stands in the log; every entry knows it, and none but the log asks for it. */
export type EntryPlace = { readonly shard: number; readonly idHigh: number; readonly idLow: number }
