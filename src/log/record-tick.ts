import { Feed } from '../market/provenance.ts'
import { TickSession, type Tick } from '../market/tick.ts'
import type { Trade } from '../market/trade.ts'
import { literal, type JsonWriter } from './json-writer.ts'
import { daysOf, formatDay, InstantReader } from './record-clock.ts'
import type { RecordReader } from './record-reader.ts'
import { NARROW_TRADE, STATE_AT } from './record.ts'
import { isNumber, NO_STRING, type RecordWriter } from './record-writer.ts'

/**
 * What trades and bbo have in common, behind the head of the record. A narrow record is one whose fields fit into less:
 *
 *     wide       narrow
 *     7  u8      7  u8   session in the low 3 bits (0: none), feed above
 *     8  i32     8  i16  asOf, milliseconds from the entry's base
 *    12  u32    12  u32  nanoseconds of asOf in the low 20 bits, what the record has above
 *    16  i32    10  i16  receivedAt, milliseconds from the entry's base
 *    20  u16    16  u16  trade date, days since 1970
 *    22  u8     18  u8   tape, a character (0: none)
 *    23  u8     19  u8   source, of the strings
 *    24  f64    20  u32  sequence
 */
const AS_OF_AT = 8
const NS_AT = 12
const WIDE = { receivedAt: 16, date: 20, tape: 22, source: 23, sequence: 24 }
const NARROW = { receivedAt: 10, date: 16, tape: 18, source: 19, sequence: 20 }
export const TICK_END = 32
export const NARROW_TICK_END = 24
const NS_BITS = 20
const NS_MASK = 0xf_ff_ff
const SESSION_BITS = 3
const SESSION_MASK = 7
const MAX_INT_32 = 2 ** 31 - 1
const asOfReader = new InstantReader()
const receivedAtReader = new InstantReader()

/** What records may have behind their fixed fields, in this order. */
export const Has = {
  fence: 1,
  conditions: 2,
  numericId: 4,
  textId: 8,
  bid: 16,
  bidSize: 32,
  ask: 64,
  askSize: 128
} as const
const MAX_CONDITIONS = 15
const MAX_NUMERIC_ID_LENGTH = 15

type TickShape = Pick<
  Trade,
  'asOf' | 'sequence' | 'fence' | 'tradeDate' | 'session' | 'tape' | 'source' | 'feed' | 'receivedAt'
>

const FEED_CODES = new Map(Feed.enum.map((feed, code) => [feed, code]))
/** 0 is for none. */
const SESSION_CODES = new Map(TickSession.enum.map((session, at) => [session, at + 1]))

const isNear = (ms: number): boolean => ms >= -MAX_INT_32 && ms <= MAX_INT_32

/** The tick that was encoded last: its members as records hold them, instants from the entry's base. */
export const tickCodes = { asOf: 0, ns: 0, receivedAt: 0, days: 0, state: 0, tape: 0, source: 0 }

/** Finds `tickCodes`. False where there are none. */
export function encodeTick(writer: RecordWriter, tick: TickShape): boolean {
  const { session, tape, sequence } = tick
  if (!asOfReader.read(tick.asOf) || !receivedAtReader.read(tick.receivedAt) || receivedAtReader.ns !== 0) return false
  const asOf = asOfReader.ms - writer.base
  const receivedAt = receivedAtReader.ms - writer.base
  const days = daysOf(tick.tradeDate)
  const feed = FEED_CODES.get(tick.feed) ?? -1
  const source = writer.stringOf(tick.source)
  const sessionCode = session === undefined ? 0 : (SESSION_CODES.get(session) ?? -1)
  const tapeCode = tape === undefined ? 0 : tapeCodeOf(tape)
  const isWhole = feed >= 0 && source >= 0 && source !== NO_STRING && tapeCode >= 0 && isNumber(sequence)
  if (!(isWhole && sessionCode >= 0 && days >= 0 && isNear(asOf) && isNear(receivedAt))) return false
  tickCodes.asOf = asOf
  tickCodes.ns = asOfReader.ns
  tickCodes.receivedAt = receivedAt
  tickCodes.days = days
  tickCodes.state = (feed << SESSION_BITS) | sessionCode
  tickCodes.tape = tapeCode
  tickCodes.source = source
  return true
}

/** Writes `tickCodes` at `start`, and which other fields the record has. */
export function writeTick({ view, bytes }: RecordWriter, start: number, sequence: number, has: number): void {
  const { asOf, ns, receivedAt, days, state, tape, source } = tickCodes
  bytes[start + STATE_AT] = state
  view.setInt32(start + AS_OF_AT, asOf, true)
  view.setUint32(start + NS_AT, (ns | (has << NS_BITS)) >>> 0, true)
  view.setInt32(start + WIDE.receivedAt, receivedAt, true)
  view.setUint16(start + WIDE.date, days, true)
  bytes[start + WIDE.tape] = tape
  bytes[start + WIDE.source] = source
  view.setFloat64(start + WIDE.sequence, sequence, true)
}

/** Whether `tickCodes` and the sequence fit into a narrow record. */
export const isNarrowTick = (sequence: number): boolean =>
  isInt16(tickCodes.asOf) && isInt16(tickCodes.receivedAt) && sequence >>> 0 === sequence

const isInt16 = (number: number): boolean => (number << 16) >> 16 === number

/** The same as writeTick, narrow. */
export function writeNarrowTick({ view, bytes }: RecordWriter, start: number, sequence: number, has: number): void {
  const { asOf, ns, receivedAt, days, state, tape, source } = tickCodes
  bytes[start + STATE_AT] = state
  view.setInt16(start + AS_OF_AT, asOf, true)
  view.setInt16(start + NARROW.receivedAt, receivedAt, true)
  view.setUint32(start + NS_AT, (ns | (has << NS_BITS)) >>> 0, true)
  view.setUint16(start + NARROW.date, days, true)
  bytes[start + NARROW.tape] = tape
  bytes[start + NARROW.source] = source
  view.setUint32(start + NARROW.sequence, sequence, true)
}

/** A single printable character; -1 for another tape. */
function tapeCodeOf(tape: string): number {
  const code = tape.charCodeAt(0)
  return tape.length === 1 && code > 0x20 && code < 0x7f ? code : -1
}

/** The venue's conditions, of which there are few: their texts, or in a narrow record which of the entry's strings they are. */
export function writeConditions(writer: RecordWriter, conditions: readonly string[], narrow = false): boolean {
  if (conditions.length > MAX_CONDITIONS) return false
  writer.u8(conditions.length)
  for (const condition of conditions) {
    if (!narrow) {
      if (!writer.text(condition)) return false
      continue
    }
    const string = writer.stringOf(condition)
    if (string < 0) return false
    writer.u8(string)
  }
  return true
}

/** Writes the conditions whose number stands at a place; returns where they end. */
export function writeConditionsJson(json: JsonWriter, entry: RecordReader, countAt: number, narrow: boolean): number {
  const { bytes } = entry
  if (!narrow) return json.texts(bytes, countAt)
  const end = countAt + 1 + bytes[countAt]!
  json.ascii('[')
  for (let at = countAt + 1; at < end; at++) {
    json.text(bytes, entry.stringAt(bytes[at]!))
    if (at < end - 1) json.ascii(',')
  }
  json.ascii(']')
  return end
}

/** The number that a vendor's id is; -1 where it is none, or not written as numbers are. */
export function numericId(id: string): number {
  const { length } = id
  if (length > MAX_NUMERIC_ID_LENGTH || length === 0) return -1
  let value = 0
  for (let index = 0; index < length; index++) {
    const digit = id.charCodeAt(index) - 0x30
    if (!(digit >= 0 && digit <= 9)) return -1
    value = value * 10 + digit
  }
  return id.charCodeAt(0) === 0x30 && length > 1 ? -1 : value
}

export const hasOf = ({ view }: RecordReader, start: number): number => view.getUint32(start + NS_AT, true) >>> NS_BITS

export const isNarrow = ({ bytes }: RecordReader, start: number): boolean => bytes[start] === NARROW_TRADE

/** Epoch milliseconds of a tick's asOf. */
export function asOfOfTick(entry: RecordReader, start: number): number {
  const { view, base } = entry
  const at = start + AS_OF_AT
  return base + (isNarrow(entry, start) ? view.getInt16(at, true) : view.getInt32(at, true))
}

export function receivedAtOfTick(entry: RecordReader, start: number): number {
  const { view, base } = entry
  const ms = isNarrow(entry, start)
    ? view.getInt16(start + NARROW.receivedAt, true)
    : view.getInt32(start + WIDE.receivedAt, true)
  return base + ms
}

function sequenceOf(entry: RecordReader, start: number): number {
  const { view } = entry
  return isNarrow(entry, start)
    ? view.getUint32(start + NARROW.sequence, true)
    : view.getFloat64(start + WIDE.sequence, true)
}

const nsOf = ({ view }: RecordReader, start: number): number => view.getUint32(start + NS_AT, true) & NS_MASK

/** Writes the tick's asOf. */
export function writeAsOfJson(json: JsonWriter, entry: RecordReader, start: number): void {
  json.instant(asOfOfTick(entry, start), nsOf(entry, start))
}

/** Writes what ticks have in common, but the symbol: without braces. */
export function writeTickJson(json: JsonWriter, entry: RecordReader, start: number, fence: number | undefined): void {
  const { bytes, view } = entry
  const at = isNarrow(entry, start) ? NARROW : WIDE
  const state = bytes[start + STATE_AT]!
  const tape = bytes[start + at.tape]!
  json.put(AS_OF)
  writeAsOfJson(json, entry, start)
  json.put(SEQUENCE)
  json.number(sequenceOf(entry, start))
  if (fence !== undefined) {
    json.put(FENCE)
    json.number(fence)
  }
  json.put(TRADE_DATE)
  json.ascii(formatDay(view.getUint16(start + at.date, true)))
  json.put(SESSIONS[state & SESSION_MASK]!)
  if (tape !== 0) json.put(TAPES[tape]!)
  json.put(SOURCE)
  json.text(bytes, entry.stringAt(bytes[start + at.source]!))
  json.put(FEEDS[state >>> SESSION_BITS]!)
  json.instant(receivedAtOfTick(entry, start), 0)
}

const AS_OF = literal(',"asOf":')
const SEQUENCE = literal(',"sequence":')
const FENCE = literal(',"fence":')
const TRADE_DATE = literal(',"tradeDate":"')
/** By their codes; they end the trade date. */
const SESSIONS = ['"', ...TickSession.enum.map((session) => `","session":"${session}"`)].map(literal)
const TAPES = Array.from({ length: 128 }, (_, code) => literal(`,"tape":${JSON.stringify(String.fromCharCode(code))}`))
const SOURCE = literal(',"source":')
const FEEDS = Feed.enum.map((feed) => literal(`,"feed":"${feed}","receivedAt":`))

/** What ticks have in common. */
export function readTick(
  entry: RecordReader,
  start: number,
  fence: number | undefined
): Tick<TickShape & { symbol: string }> {
  const { bytes, view } = entry
  const at = isNarrow(entry, start) ? NARROW : WIDE
  const state = bytes[start + STATE_AT]!
  const session = TickSession.enum[(state & SESSION_MASK) - 1]
  const tape = bytes[start + at.tape]!
  return {
    symbol: entry.textOf(view.getUint16(start + 4, true)),
    asOf: { ms: asOfOfTick(entry, start), ns: nsOf(entry, start) },
    sequence: sequenceOf(entry, start),
    ...(fence !== undefined && { fence }),
    tradeDate: formatDay(view.getUint16(start + at.date, true)),
    ...(session && { session }),
    ...(tape !== 0 && { tape: String.fromCharCode(tape) }),
    source: entry.string(bytes[start + at.source]!),
    feed: Feed.enum[state >>> SESSION_BITS]!,
    receivedAt: receivedAtOfTick(entry, start)
  }
}
