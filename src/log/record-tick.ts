import { Feed } from '../market/provenance.ts'
import { TickSession } from '../market/tick.ts'
import type { Trade } from '../market/trade.ts'
import { formatInstantNs } from '../market/instant-ns.ts'
import { literal, type JsonWriter } from './json-writer.ts'
import { daysOf, formatDay, instant, readInstant } from './record-clock.ts'
import type { RecordReader } from './record-reader.ts'
import { STATE_AT } from './record.ts'
import { isNumber, NO_STRING, type RecordWriter } from './record-writer.ts'

/**
 * What trades and bbo have in common, behind the head of the record:
 *
 *     7  u8   session in the low 3 bits (0: none), feed above
 *     8  i32  asOf, milliseconds from the entry's base
 *    12  u32  nanoseconds of asOf in the low 20 bits, what the record has above
 *    16  i32  receivedAt, milliseconds from the entry's base
 *    20  u16  trade date, days since 1970
 *    22  u8   tape, a character (0: none)
 *    23  u8   source, of the strings
 *    24  f64  sequence
 */
export const TICK_END = 32
const AS_OF_AT = 8
const NS_AT = 12
const RECEIVED_AT = 16
const DATE_AT = 20
const TAPE_AT = 22
const SOURCE_AT = 23
const SEQUENCE_AT = 24
const NS_BITS = 20
const NS_MASK = 0xf_ff_ff
const SESSION_BITS = 3
const SESSION_MASK = 7
const MAX_INT_32 = 2 ** 31 - 1

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

const isNear = (ms: number): boolean => ms >= -MAX_INT_32 && ms <= MAX_INT_32

/** Writes what ticks have in common at `start`. Returns how many keys of the tick it wrote; -1 where it cannot. */
export function writeTick(writer: RecordWriter, start: number, tick: TickShape, has: number): number {
  const { view, bytes, base } = writer
  const { session, tape, sequence } = tick
  if (!readInstant(tick.asOf)) return -1
  const asOf = instant.ms - base
  const { ns } = instant
  if (!readInstant(tick.receivedAt) || instant.ns !== 0) return -1
  const receivedAt = instant.ms - base
  const days = daysOf(tick.tradeDate)
  const feed = Feed.enum.indexOf(tick.feed)
  const source = writer.stringOf(tick.source)
  const sessionCode = session === undefined ? 0 : TickSession.enum.indexOf(session) + 1
  const tapeCode = tape === undefined ? 0 : tapeCodeOf(tape)
  const isWhole = feed >= 0 && source >= 0 && source !== NO_STRING && tapeCode >= 0 && isNumber(sequence)
  if (!(isWhole && days >= 0 && isNear(asOf) && isNear(receivedAt))) return -1
  if (session !== undefined && sessionCode === 0) return -1
  bytes[start + STATE_AT] = (feed << SESSION_BITS) | sessionCode
  view.setInt32(start + AS_OF_AT, asOf, true)
  view.setUint32(start + NS_AT, (ns | (has << NS_BITS)) >>> 0, true)
  view.setInt32(start + RECEIVED_AT, receivedAt, true)
  view.setUint16(start + DATE_AT, days, true)
  bytes[start + TAPE_AT] = tapeCode
  bytes[start + SOURCE_AT] = source
  view.setFloat64(start + SEQUENCE_AT, sequence, true)
  return 6 + (session === undefined ? 0 : 1) + (tape === undefined ? 0 : 1)
}

/** A single printable character; -1 for another tape. */
function tapeCodeOf(tape: string): number {
  const code = tape.charCodeAt(0)
  return tape.length === 1 && code > 0x20 && code < 0x7f ? code : -1
}

/** The venue's conditions, of which there are few. */
export function writeConditions(writer: RecordWriter, conditions: readonly string[]): boolean {
  if (conditions.length > MAX_CONDITIONS) return false
  writer.bytes[writer.at++] = conditions.length
  for (const condition of conditions) if (!writer.text(condition)) return false
  return true
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

/** Epoch milliseconds of a tick's asOf. */
export const asOfOfTick = ({ view, base }: RecordReader, start: number): number =>
  base + view.getInt32(start + AS_OF_AT, true)

export const receivedAtOfTick = ({ view, base }: RecordReader, start: number): number =>
  base + view.getInt32(start + RECEIVED_AT, true)

const nsOf = ({ view }: RecordReader, start: number): number => view.getUint32(start + NS_AT, true) & NS_MASK

/** Writes the tick's asOf. */
export function writeAsOfJson(json: JsonWriter, entry: RecordReader, start: number): void {
  json.instant(asOfOfTick(entry, start), nsOf(entry, start))
}

/** Writes what ticks have in common, but the symbol: without braces. */
export function writeTickJson(json: JsonWriter, entry: RecordReader, start: number, fence: number | undefined): void {
  const { bytes, view } = entry
  const state = bytes[start + STATE_AT]!
  const tape = bytes[start + TAPE_AT]!
  json.put(AS_OF)
  writeAsOfJson(json, entry, start)
  json.put(SEQUENCE)
  json.number(view.getFloat64(start + SEQUENCE_AT, true))
  if (fence !== undefined) {
    json.put(FENCE)
    json.number(fence)
  }
  json.put(TRADE_DATE)
  json.ascii(formatDay(view.getUint16(start + DATE_AT, true)))
  json.put(SESSIONS[state & SESSION_MASK]!)
  if (tape !== 0) json.put(TAPES[tape]!)
  json.put(SOURCE)
  json.text(bytes, entry.stringAt(bytes[start + SOURCE_AT]!))
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
): TickShape & { symbol: string } {
  const { bytes, view } = entry
  const state = bytes[start + STATE_AT]!
  const session = TickSession.enum[(state & SESSION_MASK) - 1]
  const tape = bytes[start + TAPE_AT]!
  return {
    symbol: entry.textOf(view.getUint16(start + 4, true)),
    asOf: formatInstantNs({ ms: asOfOfTick(entry, start), ns: nsOf(entry, start) }),
    sequence: view.getFloat64(start + SEQUENCE_AT, true),
    ...(fence !== undefined && { fence }),
    tradeDate: formatDay(view.getUint16(start + DATE_AT, true)),
    ...(session && { session }),
    ...(tape !== 0 && { tape: String.fromCharCode(tape) }),
    source: entry.string(bytes[start + SOURCE_AT]!),
    feed: Feed.enum[state >>> SESSION_BITS]!,
    receivedAt: new Date(receivedAtOfTick(entry, start)).toISOString()
  }
}
