import { InstrumentKind } from '../market/instrument-kind.ts'
import { MarketState, type Quote } from '../market/quote.ts'
import { literal, type JsonWriter } from './json-writer.ts'
import { isSameParts, writePartsJson } from './record-parts.ts'
import { isSameProvenance, writeProvenanceJson } from './record-provenance.ts'
import {
  asOfOfQuote,
  CURRENCY_AT,
  DERIVATIVE,
  EXCHANGE_AT,
  EXTENDED_HOURS,
  HAS_AT,
  KIND_AT,
  MARKET_STATE_AT,
  MIC_AT,
  NAME,
  nsOfQuote,
  NUMBERS,
  NUMBERS_AT,
  PARTS,
  PRICE_AT,
  SEQUENCE
} from './record-quote.ts'
import { Fields, isSameText, writeString, type PackedRecord, type RecordReader } from './record-reader.ts'
import { bitCount, NO_STRING } from './record-writer.ts'
import { ROW_AT } from './record.ts'

/** Fields of which HAS_AT says nothing, behind those for which it has a bit. */
const KIND = 1 << 18
const PRICE = 1 << 19
const CURRENCY = 1 << 20
const MIC = 1 << 21
const EXCHANGE = 1 << 22
const MARKET_STATE = 1 << 23
const AS_OF = 1 << 24
const PROVENANCE = 1 << 25
const EVERY_FIELD = -1
/** By their bits. */
const FIELD_NAMES: readonly (keyof Quote)[] = [
  ...NUMBERS,
  'name',
  'extendedHours',
  'derivative',
  'kind',
  'price',
  'currency',
  'mic',
  'exchange',
  'marketState',
  'asOf',
  'provenance'
]
const CODES = [
  [KIND, KIND_AT],
  [MARKET_STATE, MARKET_STATE_AT]
] as const
const STRINGS = [
  [CURRENCY, CURRENCY_AT],
  [MIC, MIC_AT],
  [EXCHANGE, EXCHANGE_AT]
] as const

/** Writes the event, without its closing brace. */
export function writeQuoteJson(json: JsonWriter, entry: RecordReader, start: number): void {
  json.put(EVENT)
  json.text(entry.bytes, entry.textAt(entry.view.getUint16(start + ROW_AT, true)))
  json.put(VALUE_KEY)
  writeQuoteValueJson(json, entry, start)
  json.put(TIMESTAMP_KEY)
  json.instant(asOfOfQuote(entry, start), nsOfQuote(entry, start))
  json.put(END)
}

/** Writes the quote alone. */
export function writeQuoteValueJson(json: JsonWriter, entry: RecordReader, start: number): void {
  json.put(SYMBOL_KEY)
  json.text(entry.bytes, entry.textAt(entry.view.getUint16(start + ROW_AT, true)))
  writeFields(json, entry, start, EVERY_FIELD)
  json.put(END)
}

/** Writes those of the wanted fields that there are, each behind a comma. */
function writeFields(json: JsonWriter, entry: RecordReader, start: number, wanted: number): void {
  const { bytes, view } = entry
  const has = view.getUint32(start + HAS_AT, true)
  const fields = new Fields(entry, start + NUMBERS_AT + 8 * bitCount(has & ALL_NUMBERS))
  if (has & NAME) {
    const at = fields.skipText()
    if (wanted & NAME) {
      json.put(NAME_KEY)
      json.text(bytes, at)
    }
  }
  if (wanted & KIND) json.put(KINDS[bytes[start + KIND_AT]!]!)
  if (wanted & PRICE) {
    json.put(PRICE_KEY)
    json.number(view.getFloat64(start + PRICE_AT, true))
  }
  let at = start + NUMBERS_AT
  for (let number = 0; number < SEQUENCE; number++) {
    if ((has & (1 << number)) === 0) continue
    if (wanted & (1 << number)) {
      json.put(NUMBER_KEYS[number]!)
      json.number(view.getFloat64(at, true))
    }
    at += 8
  }
  if (wanted & CURRENCY) writeString(json, CURRENCY_KEY, entry, bytes[start + CURRENCY_AT]!)
  if (wanted & MIC) writeString(json, MIC_KEY, entry, bytes[start + MIC_AT]!)
  if (wanted & EXCHANGE) writeString(json, EXCHANGE_KEY, entry, bytes[start + EXCHANGE_AT]!)
  if (wanted & MARKET_STATE) json.put(MARKET_STATES[bytes[start + MARKET_STATE_AT]!]!)
  if (has & EXTENDED_HOURS) {
    const hours = fields.json()
    if (wanted & EXTENDED_HOURS) {
      json.put(EXTENDED_KEY)
      json.put(hours)
    }
  }
  if (has & DERIVATIVE) {
    const figures = fields.json()
    if (wanted & DERIVATIVE) {
      json.put(DERIVATIVE_KEY)
      json.put(figures)
    }
  }
  if (wanted & AS_OF) {
    json.put(AS_OF_KEY)
    json.instant(asOfOfQuote(entry, start), nsOfQuote(entry, start))
  }
  if (has & wanted & (1 << SEQUENCE)) {
    json.put(NUMBER_KEYS[SEQUENCE]!)
    json.number(view.getFloat64(at, true))
  }
  if (wanted & PROVENANCE) {
    json.put(PROVENANCE_KEY)
    writeProvenanceJson(json, entry, start, fields)
    if (has & PARTS) {
      json.put(PARTS_KEY)
      writePartsJson(json, entry, fields)
    }
    json.put(END)
  }
}

/**
 * Writes the event as what changed since a quote of the same symbol, without its closing brace: `changed` has the fields
 * that differ, `removed` the names of those that are gone.
 */
export function writeQuoteChangeJson(json: JsonWriter, before: PackedRecord, after: PackedRecord): void {
  const { entry, start } = after
  json.put(EVENT)
  json.text(entry.bytes, entry.textAt(entry.view.getUint16(start + ROW_AT, true)))
  json.put(CHANGED_KEY)
  const opening = json.at
  writeFields(json, entry, start, changedFields(before, after))
  if (json.at === opening) json.put(NOTHING)
  else {
    // In place of the first field's comma.
    json.target[opening] = OPENING_BRACE
    json.put(END)
  }
  const removed = fieldsOf(before) & ~fieldsOf(after)
  if (removed !== 0) {
    json.put(REMOVED_KEY)
    json.ascii(JSON.stringify(FIELD_NAMES.filter((_, bit) => removed & (1 << bit))))
  }
  json.put(TIMESTAMP_KEY)
  json.instant(asOfOfQuote(entry, start), nsOfQuote(entry, start))
  json.put(END)
}

/** The fields that a quote has. */
function fieldsOf({ entry, start }: PackedRecord): number {
  const { bytes, view } = entry
  // Its parts are of its provenance.
  let has = (view.getUint32(start + HAS_AT, true) & ~PARTS) | PRICE | AS_OF | PROVENANCE
  if (bytes[start + KIND_AT] !== 0) has |= KIND
  if (bytes[start + MARKET_STATE_AT] !== 0) has |= MARKET_STATE
  if (bytes[start + CURRENCY_AT] !== NO_STRING) has |= CURRENCY
  if (bytes[start + MIC_AT] !== NO_STRING) has |= MIC
  if (bytes[start + EXCHANGE_AT] !== NO_STRING) has |= EXCHANGE
  return has
}

/** The fields that a quote has and an earlier one has not, or has otherwise. */
function changedFields(before: PackedRecord, after: PackedRecord): number {
  const had = fieldsOf(before)
  const has = fieldsOf(after)
  const was = new Fields(before.entry, before.start + NUMBERS_AT)
  const is = new Fields(after.entry, after.start + NUMBERS_AT)
  let same = sameFixedFields(before, after)
  for (let bit = 1; bit <= 1 << SEQUENCE; bit <<= 1) {
    const numberBefore = had & bit ? was.f64() : 0
    const number = has & bit ? is.f64() : 0
    if (had & bit && Object.is(number, numberBefore)) same |= bit
  }
  const nameBefore = had & NAME ? was.skipText() : -1
  const name = has & NAME ? is.skipText() : -1
  if (had & has & NAME && isSameText(before.entry.bytes, nameBefore, after.entry.bytes, name)) same |= NAME
  const hoursBefore = had & EXTENDED_HOURS ? was.json() : undefined
  const hours = has & EXTENDED_HOURS ? is.json() : undefined
  if (hoursBefore && hours?.equals(hoursBefore)) same |= EXTENDED_HOURS
  const figuresBefore = had & DERIVATIVE ? was.json() : undefined
  const figures = has & DERIVATIVE ? is.json() : undefined
  if (figuresBefore && figures?.equals(figuresBefore)) same |= DERIVATIVE
  if (isSameProvenance(before, was, after, is) && hasSameParts(before, was, after, is)) same |= PROVENANCE
  return has & ~same
}

function hasSameParts(before: PackedRecord, was: Fields, after: PackedRecord, is: Fields): boolean {
  const [had, has] = [before, after].map(({ entry, start }) => entry.view.getUint32(start + HAS_AT, true) & PARTS)
  if (had !== has) return false
  return has === 0 || isSameParts(before.entry, was, after.entry, is)
}

/** Of those that stand in the same place in every quote. */
function sameFixedFields(before: PackedRecord, after: PackedRecord): number {
  const { bytes: bytesBefore, view: viewBefore } = before.entry
  const { bytes, view } = after.entry
  let same = 0
  for (const [bit, at] of CODES) if (bytesBefore[before.start + at] === bytes[after.start + at]) same |= bit
  for (const [bit, at] of STRINGS) {
    const stringBefore = bytesBefore[before.start + at]!
    const string = bytes[after.start + at]!
    if (stringBefore === NO_STRING || string === NO_STRING) continue
    if (isSameText(bytesBefore, before.entry.stringAt(stringBefore), bytes, after.entry.stringAt(string))) same |= bit
  }
  const priceBefore = viewBefore.getFloat64(before.start + PRICE_AT, true)
  if (Object.is(priceBefore, view.getFloat64(after.start + PRICE_AT, true))) same |= PRICE
  const isSameMs = asOfOfQuote(before.entry, before.start) === asOfOfQuote(after.entry, after.start)
  if (isSameMs && nsOfQuote(before.entry, before.start) === nsOfQuote(after.entry, after.start)) same |= AS_OF
  return same
}

const ALL_NUMBERS = (1 << (SEQUENCE + 1)) - 1
const EVENT = literal('{"type":"quote_update","data":{"symbol":')
const VALUE_KEY = literal(',"quote":')
const CHANGED_KEY = literal(',"changed":')
const REMOVED_KEY = literal(',"removed":')
const TIMESTAMP_KEY = literal(',"timestamp":')
const SYMBOL_KEY = literal('{"symbol":')
const NAME_KEY = literal(',"name":')
/** By their codes. */
const KINDS = ['', ...InstrumentKind.enum.map((kind) => `,"kind":"${kind}"`)].map(literal)
const PRICE_KEY = literal(',"price":')
const NUMBER_KEYS = NUMBERS.map((key) => literal(`,"${key}":`))
const CURRENCY_KEY = literal(',"currency":')
const MIC_KEY = literal(',"mic":')
const EXCHANGE_KEY = literal(',"exchange":')
const MARKET_STATES = ['', ...MarketState.enum.map((state) => `,"marketState":"${state}"`)].map(literal)
const EXTENDED_KEY = literal(',"extendedHours":')
const DERIVATIVE_KEY = literal(',"derivative":')
const AS_OF_KEY = literal(',"asOf":')
const PROVENANCE_KEY = literal(',"provenance":')
const PARTS_KEY = literal(',"parts":')
const NOTHING = literal('{}')
const OPENING_BRACE = 0x7b
const END = literal('}')
