import type { QuoteUpdate } from '../market/event.ts'
import { InstrumentKind } from '../market/instrument-kind.ts'
import { MarketState, type ExtendedHours, type Quote } from '../market/quote.ts'
import { formatInstantNs } from '../market/instant-ns.ts'
import { literal, type JsonWriter } from './json-writer.ts'
import { InstantReader } from './record-clock.ts'
import {
  PROVENANCE_END,
  readProvenance,
  writeJson,
  writeProvenance,
  writeProvenanceEnd,
  writeProvenanceJson
} from './record-provenance.ts'
import { Fields, writeString, type RecordReader } from './record-reader.ts'
import { bitCount, isNumber, keyCount, NO_STRING, type RecordWriter } from './record-writer.ts'
import { ROW_AT } from './record.ts'

/**
 * A quote, behind where it comes from (record-provenance.ts):
 *
 *    18  u8   kind of instrument (0: none)
 *    19  u8   market state (0: none)
 *    20  u32  what it has: bits 0 to 14 for NUMBERS, then name and extendedHours
 *    24  f64  asOf, epoch milliseconds
 *    32  u32  nanoseconds of asOf
 *    36  f64  price
 *    44  u8   currency, mic and exchange, of the strings
 *    47  f64… NUMBERS, those that there are
 *        u8   length of the name, and the name
 *        u16  length of extendedHours, and their JSON
 *        the end of where it comes from
 */
const KIND_AT = PROVENANCE_END
const MARKET_STATE_AT = 19
const HAS_AT = 20
const AS_OF_AT = 24
const NS_AT = 32
const PRICE_AT = 36
const CURRENCY_AT = 44
const MIC_AT = 45
const EXCHANGE_AT = 46
const NUMBERS_AT = 47

const NUMBERS = [
  'change',
  'changePercent',
  'previousClose',
  'open',
  'dayHigh',
  'dayLow',
  'yearHigh',
  'yearLow',
  'volume',
  'bid',
  'ask',
  'bidSize',
  'askSize',
  'marketCap',
  'sequence'
] as const satisfies readonly (keyof Quote)[]
const SEQUENCE = 14
const NAME = 1 << 15
const EXTENDED_HOURS = 1 << 16
const asOfReader = new InstantReader()
/** Volume, bid and ask are clients' third to fifth number. */
const BINARY_NUMBERS = [NUMBERS.indexOf('volume'), NUMBERS.indexOf('bid'), NUMBERS.indexOf('ask')]

/** Writes a quote's record behind its head. False where it cannot. */
export function writeQuote(writer: RecordWriter, event: QuoteUpdate): boolean {
  const { symbol, quote, timestamp } = event.data
  const { name, kind, currency, mic, exchange, marketState, extendedHours } = quote
  if (timestamp !== quote.asOf || quote.symbol !== symbol || keyCount(event.data) !== 3) return false
  const start = writer.at
  if (!isNumber(quote.price) || !writeProvenance(writer, start, quote.provenance)) return false
  const kindCode = kind === undefined ? 0 : InstrumentKind.enum.indexOf(kind) + 1
  const stateCode = marketState === undefined ? 0 : MarketState.enum.indexOf(marketState) + 1
  if ((kind !== undefined && kindCode === 0) || (marketState !== undefined && stateCode === 0)) return false
  const strings = [currency, mic, exchange].map((string) => writer.stringOf(string))
  if (strings.some((at) => at < 0) || !asOfReader.read(quote.asOf)) return false

  const { bytes, view } = writer
  bytes[start + KIND_AT] = kindCode
  bytes[start + MARKET_STATE_AT] = stateCode
  view.setFloat64(start + AS_OF_AT, asOfReader.ms, true)
  view.setUint32(start + NS_AT, asOfReader.ns, true)
  view.setFloat64(start + PRICE_AT, quote.price, true)
  bytes.set(strings, start + CURRENCY_AT)
  writer.at = start + NUMBERS_AT
  const numbers = writeNumbers(writer, quote)
  if (numbers < 0) return false
  let has = numbers
  if (name !== undefined) {
    if (!writer.text(name)) return false
    has |= NAME
  }
  if (extendedHours !== undefined) {
    if (!writeJson(writer, extendedHours)) return false
    has |= EXTENDED_HOURS
  }
  view.setUint32(start + HAS_AT, has, true)
  const others = [kind, marketState, currency, mic, exchange].filter((value) => value !== undefined).length
  return keyCount(quote) === 4 + bitCount(has) + others && writeProvenanceEnd(writer, quote.provenance)
}

/** Returns which there are; -1 where one is no number. */
function writeNumbers(writer: RecordWriter, quote: Quote): number {
  let has = 0
  for (let at = 0; at < NUMBERS.length; at++) {
    const value = quote[NUMBERS[at]!]
    if (value === undefined) continue
    if (!isNumber(value)) return -1
    has |= 1 << at
    writer.f64(value)
  }
  return has
}

/** The numbers that clients of the binary protocol get, but the first, which is asOf. */
export function numberOfQuote({ view }: RecordReader, start: number, at: number): number {
  if (at === 1) return view.getFloat64(start + PRICE_AT, true)
  const bit = 1 << BINARY_NUMBERS[at - 2]!
  const has = view.getUint32(start + HAS_AT, true)
  return has & bit ? view.getFloat64(start + NUMBERS_AT + 8 * bitCount(has & (bit - 1)), true) : Number.NaN
}

/** Epoch milliseconds. */
export const asOfOfQuote = ({ view }: RecordReader, start: number): number => view.getFloat64(start + AS_OF_AT, true)

const nsOf = ({ view }: RecordReader, start: number): number => view.getUint32(start + NS_AT, true)

/** Writes the event, without its closing brace. */
export function writeQuoteJson(json: JsonWriter, entry: RecordReader, start: number): void {
  json.put(QUOTE)
  json.text(entry.bytes, entry.textAt(entry.view.getUint16(start + ROW_AT, true)))
  json.put(VALUE)
  writeQuoteValueJson(json, entry, start)
  json.put(TIMESTAMP)
  json.instant(asOfOfQuote(entry, start), nsOf(entry, start))
  json.put(END)
}

/** Writes the quote alone. */
export function writeQuoteValueJson(json: JsonWriter, entry: RecordReader, start: number): void {
  const { bytes, view } = entry
  const has = view.getUint32(start + HAS_AT, true)
  const fields = new Fields(entry, start + NUMBERS_AT + 8 * bitCount(has & ALL_NUMBERS))
  json.put(SYMBOL)
  json.text(bytes, entry.textAt(view.getUint16(start + ROW_AT, true)))
  if (has & NAME) {
    json.put(NAME_KEY)
    json.text(bytes, fields.skipText())
  }
  json.put(KINDS[bytes[start + KIND_AT]!]!)
  json.number(view.getFloat64(start + PRICE_AT, true))
  let at = start + NUMBERS_AT
  for (let number = 0; number < SEQUENCE; number++) {
    if ((has & (1 << number)) === 0) continue
    json.put(NUMBER_KEYS[number]!)
    json.number(view.getFloat64(at, true))
    at += 8
  }
  writeString(json, CURRENCY, entry, bytes[start + CURRENCY_AT]!)
  writeString(json, MIC, entry, bytes[start + MIC_AT]!)
  writeString(json, EXCHANGE, entry, bytes[start + EXCHANGE_AT]!)
  json.put(MARKET_STATES[bytes[start + MARKET_STATE_AT]!]!)
  if (has & EXTENDED_HOURS) {
    json.put(EXTENDED_KEY)
    json.put(fields.json())
  }
  json.put(AS_OF)
  json.instant(asOfOfQuote(entry, start), nsOf(entry, start))
  if (has & (1 << SEQUENCE)) {
    json.put(NUMBER_KEYS[SEQUENCE]!)
    json.number(view.getFloat64(at, true))
  }
  json.put(PROVENANCE)
  writeProvenanceJson(json, entry, start, fields)
  json.put(END)
}

const ALL_NUMBERS = (1 << (SEQUENCE + 1)) - 1
const QUOTE = literal('{"type":"quote_update","data":{"symbol":')
const VALUE = literal(',"quote":')
const TIMESTAMP = literal(',"timestamp":')
const SYMBOL = literal('{"symbol":')
const NAME_KEY = literal(',"name":')
/** By their codes. */
const KINDS = ['', ...InstrumentKind.enum.map((kind) => `,"kind":"${kind}"`)].map((kind) => literal(`${kind},"price":`))
const NUMBER_KEYS = NUMBERS.map((key) => literal(`,"${key}":`))
const CURRENCY = literal(',"currency":')
const MIC = literal(',"mic":')
const EXCHANGE = literal(',"exchange":')
const MARKET_STATES = ['', ...MarketState.enum.map((state) => `,"marketState":"${state}"`)].map(literal)
const EXTENDED_KEY = literal(',"extendedHours":')
const AS_OF = literal(',"asOf":')
const PROVENANCE = literal(',"provenance":')
const END = literal('}')

export function readQuote(entry: RecordReader, start: number): QuoteUpdate {
  const { bytes, view } = entry
  const has = view.getUint32(start + HAS_AT, true)
  const fields = new Fields(entry, start + NUMBERS_AT)
  const numbers: Partial<Record<(typeof NUMBERS)[number], number>> = {}
  for (let at = 0; at < SEQUENCE; at++) if (has & (1 << at)) numbers[NUMBERS[at]!] = fields.f64()
  const sequence = has & (1 << SEQUENCE) ? fields.f64() : undefined
  const name = has & NAME ? fields.text() : undefined
  const extendedHours = has & EXTENDED_HOURS ? (JSON.parse(fields.json().toString()) as ExtendedHours) : undefined
  const kind = InstrumentKind.enum[bytes[start + KIND_AT]! - 1]
  const marketState = MarketState.enum[bytes[start + MARKET_STATE_AT]! - 1]
  const string = (at: number) => {
    const code = bytes[start + at]!
    return code === NO_STRING ? undefined : entry.string(code)
  }
  const currency = string(CURRENCY_AT)
  const mic = string(MIC_AT)
  const exchange = string(EXCHANGE_AT)
  const symbol = entry.textOf(view.getUint16(start + 4, true))
  const asOf = formatInstantNs({ ms: asOfOfQuote(entry, start), ns: nsOf(entry, start) })
  const quote: Quote = {
    symbol,
    ...(name !== undefined && { name }),
    ...(kind && { kind }),
    price: view.getFloat64(start + PRICE_AT, true),
    ...numbers,
    ...(currency !== undefined && { currency }),
    ...(mic !== undefined && { mic }),
    ...(exchange !== undefined && { exchange }),
    ...(marketState && { marketState }),
    ...(extendedHours && { extendedHours }),
    asOf,
    ...(sequence !== undefined && { sequence }),
    provenance: readProvenance(entry, start, fields)
  }
  return { type: 'quote_update', data: { symbol, quote, timestamp: asOf } }
}
