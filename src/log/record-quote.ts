import type { DerivativeFigures } from '../market/derivative-figures.ts'
import type { QuoteUpdate } from '../market/event.ts'
import { InstrumentKind } from '../market/instrument-kind.ts'
import { formatInstantNs } from '../market/instant-ns.ts'
import { MarketState, type ExtendedHours, type Quote } from '../market/quote.ts'
import { InstantReader } from './record-clock.ts'
import { readParts, writeParts } from './record-parts.ts'
import { PROVENANCE_END, readProvenance, writeJson, writeProvenance, writeProvenanceEnd } from './record-provenance.ts'
import { Fields, type RecordReader } from './record-reader.ts'
import { bitCount, isNumber, NO_STRING, type RecordWriter } from './record-writer.ts'

/**
 * A quote, behind where it comes from (record-provenance.ts):
 *
 *    18  u8   kind of instrument (0: none)
 *    19  u8   market state (0: none)
 *    20  u32  what it has: bits 0 to 14 for NUMBERS, then name, extendedHours and derivative; PARTS
 *    24  f64  asOf, epoch milliseconds
 *    32  u32  nanoseconds of asOf
 *    36  f64  price
 *    44  u8   currency, mic and exchange, of the strings
 *    47  f64… NUMBERS, those that there are
 *        u8   length of the name, and the name
 *        u16  length of extendedHours, and their JSON
 *        u16  length of derivative, and its JSON
 *        the end of where it comes from, and where parts of it do (record-parts.ts)
 */
export const KIND_AT = PROVENANCE_END
export const MARKET_STATE_AT = 19
export const HAS_AT = 20
const AS_OF_AT = 24
const NS_AT = 32
export const PRICE_AT = 36
export const CURRENCY_AT = 44
export const MIC_AT = 45
export const EXCHANGE_AT = 46
export const NUMBERS_AT = 47

export const NUMBERS = [
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
export const SEQUENCE = 14
export const NAME = 1 << 15
export const EXTENDED_HOURS = 1 << 16
export const DERIVATIVE = 1 << 17
/** Readers of before, who know of no parts, take the bits between for members of a quote. */
export const PARTS = 1 << 26
const asOfReader = new InstantReader()
/** Volume, bid and ask are clients' third to fifth number. */
const BINARY_NUMBERS = [NUMBERS.indexOf('volume'), NUMBERS.indexOf('bid'), NUMBERS.indexOf('ask')]

/** Writes a quote's record behind its head. False where it cannot. */
export function writeQuote(writer: RecordWriter, event: QuoteUpdate): boolean {
  const { symbol, quote, timestamp } = event.data
  const { name, kind, currency, mic, exchange, marketState, extendedHours, derivative } = quote
  if (timestamp !== quote.asOf || quote.symbol !== symbol) return false
  const start = writer.at
  const { parts } = quote.provenance
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
  if (derivative !== undefined) {
    if (!writeJson(writer, derivative)) return false
    has |= DERIVATIVE
  }
  view.setUint32(start + HAS_AT, parts === undefined ? has : has | PARTS, true)
  if (!writeProvenanceEnd(writer, quote.provenance)) return false
  return parts === undefined || writeParts(writer, parts)
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

/** Beyond the milliseconds of asOf. */
export const nsOfQuote = ({ view }: RecordReader, start: number): number => view.getUint32(start + NS_AT, true)

export function readQuote(entry: RecordReader, start: number): QuoteUpdate {
  const { bytes, view } = entry
  const has = view.getUint32(start + HAS_AT, true)
  const fields = new Fields(entry, start + NUMBERS_AT)
  const numbers: Partial<Record<(typeof NUMBERS)[number], number>> = {}
  for (let at = 0; at < SEQUENCE; at++) if (has & (1 << at)) numbers[NUMBERS[at]!] = fields.f64()
  const sequence = has & (1 << SEQUENCE) ? fields.f64() : undefined
  const name = has & NAME ? fields.text() : undefined
  const extendedHours = has & EXTENDED_HOURS ? (JSON.parse(fields.json().toString()) as ExtendedHours) : undefined
  const derivative = has & DERIVATIVE ? (JSON.parse(fields.json().toString()) as DerivativeFigures) : undefined
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
  const asOf = formatInstantNs({ ms: asOfOfQuote(entry, start), ns: nsOfQuote(entry, start) })
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
    ...(derivative && { derivative }),
    asOf,
    ...(sequence !== undefined && { sequence }),
    provenance: readProvenance(entry, start, fields)
  }
  if (has & PARTS) quote.provenance.parts = readParts(entry, fields)
  return { type: 'quote_update', data: { symbol, quote, timestamp: asOf } }
}
