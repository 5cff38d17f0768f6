import type { TradeBackfill, TradeReport } from '../market/event.ts'
import { shapeOfTick, type Tick } from '../market/tick.ts'
import type { Trade } from '../market/trade.ts'
import { literal, type JsonWriter } from './json-writer.ts'
import { Fields, writeString, type RecordReader } from './record-reader.ts'
import {
  encodeTick,
  Has,
  hasOf,
  isNarrow,
  isNarrowTick,
  NARROW_TICK_END,
  numericId,
  readTick,
  TICK_END,
  writeAsOfJson,
  writeConditions,
  writeConditionsJson,
  writeNarrowTick,
  writeTick,
  writeTickJson
} from './record-tick.ts'
import { isNumber, NO_STRING, type RecordWriter } from './record-writer.ts'
import { NARROW_TRADE, NONE, RecordKind, ROW_AT } from './record.ts'

/**
 * A trade, behind what ticks have in common (record-tick.ts):
 *
 *     wide       narrow
 *    32  f64    24  u32  price; narrow in units of 1/10,000
 *    40  f64    28  u32  size; narrow in units of 1/10,000
 *    48  u8     32  u8   venue, of the strings
 *    49  u8     33  u8   currency, of the strings
 *        f64        f64  fence
 *        u8         u8   number of conditions, then each: wide its length in a byte and its text, narrow which of the strings
 *        f64        u48  the vendor's id, where it is a number; else its length in a byte and its text
 */
const WIDE = { price: TICK_END, size: 40, venue: 48, currency: 49, end: 50 }
const NARROW = { price: NARROW_TICK_END, size: 28, venue: 32, currency: 33, end: 34 }
const UNITS = 10_000
const MAX_UINT_32 = 2 ** 32 - 1
const MAX_UINT_48 = 2 ** 48 - 1

/** Writes a trade's record behind its head. Returns what stands for its kind; NONE where it cannot. */
export function writeTrade(writer: RecordWriter, event: TradeReport | TradeBackfill): number {
  const { symbol, trade, timestamp } = event.data
  const { price, size, conditions, tradeId, fence, sequence } = trade
  if (timestamp !== trade.asOf || trade.symbol !== symbol) return NONE
  const venue = writer.stringOf(trade.venue)
  const currency = writer.stringOf(trade.currency)
  const id = tradeId === undefined ? -1 : numericId(tradeId)
  if (!encodeTick(writer, trade) || venue < 0 || currency < 0 || !isNumber(price) || !isNumber(size)) return NONE
  let has = 0
  if (fence !== undefined) has |= Has.fence
  if (conditions !== undefined) has |= Has.conditions
  if (tradeId !== undefined) has |= id >= 0 ? Has.numericId : Has.textId

  const { view, bytes, at: start } = writer
  const priceUnits = unitsOf(price)
  const sizeUnits = unitsOf(size)
  const isNarrow = priceUnits > 0 && sizeUnits > 0 && id <= MAX_UINT_48 && isNarrowTick(sequence)
  const at = isNarrow ? NARROW : WIDE
  if (isNarrow) {
    writeNarrowTick(writer, start, sequence, has)
    view.setUint32(start + NARROW.price, priceUnits, true)
    view.setUint32(start + NARROW.size, sizeUnits, true)
  } else {
    writeTick(writer, start, sequence, has)
    view.setFloat64(start + WIDE.price, price, true)
    view.setFloat64(start + WIDE.size, size, true)
  }
  bytes[start + at.venue] = venue
  bytes[start + at.currency] = currency
  writer.at = start + at.end
  if (fence !== undefined) writer.f64(fence)
  if (conditions !== undefined && !writeConditions(writer, conditions, isNarrow)) return NONE
  if (id >= 0) {
    if (isNarrow) writer.u48(id)
    else writer.f64(id)
  } else if (tradeId !== undefined && !writer.text(tradeId)) return NONE
  return isNarrow ? NARROW_TRADE : RecordKind.trade
}

/** A positive number in units of 1/10,000; 0 where they do not name it exactly, or are too many. */
function unitsOf(value: number): number {
  const units = Math.round(value * UNITS)
  return units > 0 && units <= MAX_UINT_32 && units / UNITS === value ? units : 0
}

function priceOf(entry: RecordReader, start: number): number {
  const { view } = entry
  return isNarrow(entry, start)
    ? view.getUint32(start + NARROW.price, true) / UNITS
    : view.getFloat64(start + WIDE.price, true)
}

function sizeOf(entry: RecordReader, start: number): number {
  const { view } = entry
  return isNarrow(entry, start)
    ? view.getUint32(start + NARROW.size, true) / UNITS
    : view.getFloat64(start + WIDE.size, true)
}

/** The numbers that clients of the binary protocol get, but the first, which is asOf. */
export const numberOfTrade = (entry: RecordReader, start: number, at: number): number =>
  at === 1 ? priceOf(entry, start) : sizeOf(entry, start)

/** Writes the event, without its closing brace. */
export function writeTradeJson(json: JsonWriter, entry: RecordReader, start: number): void {
  const { bytes, view } = entry
  const narrow = isNarrow(entry, start)
  const layout = narrow ? NARROW : WIDE
  const has = hasOf(entry, start)
  const symbolAt = entry.textAt(view.getUint16(start + ROW_AT, true))
  let at = start + layout.end
  let fence: number | undefined
  if (has & Has.fence) {
    fence = view.getFloat64(at, true)
    at += 8
  }
  json.put(TRADE)
  json.text(bytes, symbolAt)
  json.put(TRADE_SYMBOL)
  json.text(bytes, symbolAt)
  writeTickJson(json, entry, start, fence)
  json.put(PRICE)
  json.number(priceOf(entry, start))
  json.put(SIZE)
  json.number(sizeOf(entry, start))
  writeString(json, CURRENCY, entry, bytes[start + layout.currency]!)
  writeString(json, VENUE, entry, bytes[start + layout.venue]!)
  if (has & Has.conditions) {
    json.put(CONDITIONS)
    at = writeConditionsJson(json, entry, at, narrow)
  }
  if (has & Has.numericId) {
    json.put(NUMERIC_ID)
    json.number(narrow ? bytes.readUIntLE(at, 6) : view.getFloat64(at, true))
    json.put(NUMERIC_ID_END)
  }
  if (has & Has.textId) {
    json.put(TEXT_ID)
    json.text(bytes, at)
  }
  json.put(TIMESTAMP)
  writeAsOfJson(json, entry, start)
  json.put(END)
}

const TRADE = literal('{"type":"trade","data":{"symbol":')
const TRADE_SYMBOL = literal(',"trade":{"symbol":')
const PRICE = literal(',"price":')
const SIZE = literal(',"size":')
const CURRENCY = literal(',"currency":')
const VENUE = literal(',"venue":')
const CONDITIONS = literal(',"conditions":')
const NUMERIC_ID = literal(',"tradeId":"')
const NUMERIC_ID_END = literal('"')
const TEXT_ID = literal(',"tradeId":')
const TIMESTAMP = literal('},"timestamp":')
const END = literal('}')

export function readTrade(entry: RecordReader, start: number): TradeReport {
  const trade = shapeOfTick<Trade>(readTradeTick(entry, start))
  return { type: 'trade', data: { symbol: trade.symbol, trade, timestamp: trade.asOf } }
}

export function readTradeTick(entry: RecordReader, start: number): Tick<Trade> {
  const { bytes } = entry
  const narrow = isNarrow(entry, start)
  const at = narrow ? NARROW : WIDE
  const has = hasOf(entry, start)
  const fields = new Fields(entry, start + at.end)
  const tick = readTick(entry, start, has & Has.fence ? fields.f64() : undefined)
  const currency = bytes[start + at.currency]!
  const venue = bytes[start + at.venue]!
  return {
    ...tick,
    price: priceOf(entry, start),
    size: sizeOf(entry, start),
    ...(currency !== NO_STRING && { currency: entry.string(currency) }),
    ...(venue !== NO_STRING && { venue: entry.string(venue) }),
    ...(has & Has.conditions && {
      conditions: narrow ? fields.smalls().map((string) => entry.string(string)) : fields.texts()
    }),
    ...(has & Has.numericId && { tradeId: String(narrow ? fields.u48() : fields.f64()) }),
    ...(has & Has.textId && { tradeId: fields.text() })
  }
}
