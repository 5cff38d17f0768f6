import type { TradeReport } from '../market/event.ts'
import { literal, type JsonWriter } from './json-writer.ts'
import { Fields, type RecordReader } from './record-reader.ts'
import {
  Has,
  hasOf,
  numericId,
  readTick,
  TICK_END,
  writeAsOfJson,
  writeConditions,
  writeTick,
  writeTickJson
} from './record-tick.ts'
import { isNumber, keyCount, NO_STRING, type RecordWriter } from './record-writer.ts'
import { ROW_AT } from './record.ts'

/**
 * A trade, behind what ticks have in common (record-tick.ts):
 *
 *    32  f64  price
 *    40  f64  size
 *    48  u8   venue, of the strings
 *    49  u8   currency, of the strings
 *        f64  fence
 *        u8   number of conditions, then each with its length in a byte
 *        f64  the vendor's id, where it is a number, or its length in a byte and its text
 */
const PRICE_AT = TICK_END
const SIZE_AT = 40
const VENUE_AT = 48
const CURRENCY_AT = 49
const FIXED_BYTES = 50

/** Writes a trade's record behind its head. False where it cannot. */
export function writeTrade(writer: RecordWriter, event: TradeReport): boolean {
  const { symbol, trade, timestamp } = event.data
  const { price, size, conditions, tradeId, fence } = trade
  if (timestamp !== trade.asOf || trade.symbol !== symbol || keyCount(event.data) !== 3) return false
  const start = writer.at
  const id = tradeId === undefined ? -1 : numericId(tradeId)
  let has = 0
  if (fence !== undefined) has |= Has.fence
  if (conditions !== undefined) has |= Has.conditions
  if (tradeId !== undefined) has |= id >= 0 ? Has.numericId : Has.textId
  let keys = writeTick(writer, start, trade, has)
  const venue = writer.stringOf(trade.venue)
  const currency = writer.stringOf(trade.currency)
  if (keys < 0 || venue < 0 || currency < 0 || !isNumber(price) || !isNumber(size)) return false
  const { view, bytes } = writer
  view.setFloat64(start + PRICE_AT, price, true)
  view.setFloat64(start + SIZE_AT, size, true)
  bytes[start + VENUE_AT] = venue
  bytes[start + CURRENCY_AT] = currency
  writer.at = start + FIXED_BYTES
  keys += 3 + (venue === NO_STRING ? 0 : 1) + (currency === NO_STRING ? 0 : 1)
  if (fence !== undefined) {
    writer.f64(fence)
    keys++
  }
  if (conditions !== undefined) {
    if (!writeConditions(writer, conditions)) return false
    keys++
  }
  if (tradeId !== undefined) {
    if (id >= 0) writer.f64(id)
    else if (!writer.text(tradeId)) return false
    keys++
  }
  return keys === keyCount(trade)
}

/** The numbers that clients of the binary protocol get, but the first, which is asOf. */
export const numberOfTrade = ({ view }: RecordReader, start: number, at: number): number =>
  view.getFloat64(start + (at === 1 ? PRICE_AT : SIZE_AT), true)

/** Writes the event, without its closing brace. */
export function writeTradeJson(json: JsonWriter, entry: RecordReader, start: number): void {
  const { bytes, view } = entry
  const has = hasOf(entry, start)
  const symbolAt = entry.textAt(view.getUint16(start + ROW_AT, true))
  const currency = bytes[start + CURRENCY_AT]!
  const venue = bytes[start + VENUE_AT]!
  let at = start + FIXED_BYTES
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
  json.number(view.getFloat64(start + PRICE_AT, true))
  json.put(SIZE)
  json.number(view.getFloat64(start + SIZE_AT, true))
  if (currency !== NO_STRING) {
    json.put(CURRENCY)
    json.text(bytes, entry.stringAt(currency))
  }
  if (venue !== NO_STRING) {
    json.put(VENUE)
    json.text(bytes, entry.stringAt(venue))
  }
  if (has & Has.conditions) {
    json.put(CONDITIONS)
    at = json.texts(bytes, at)
  }
  if (has & Has.numericId) {
    json.put(NUMERIC_ID)
    json.number(view.getFloat64(at, true))
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
  const { bytes, view } = entry
  const has = hasOf(entry, start)
  const fields = new Fields(entry, start + FIXED_BYTES)
  const tick = readTick(entry, start, has & Has.fence ? fields.f64() : undefined)
  const currency = bytes[start + CURRENCY_AT]!
  const venue = bytes[start + VENUE_AT]!
  const trade = {
    ...tick,
    price: view.getFloat64(start + PRICE_AT, true),
    size: view.getFloat64(start + SIZE_AT, true),
    ...(currency !== NO_STRING && { currency: entry.string(currency) }),
    ...(venue !== NO_STRING && { venue: entry.string(venue) }),
    ...(has & Has.conditions && { conditions: fields.texts() }),
    ...(has & Has.numericId && { tradeId: String(fields.f64()) }),
    ...(has & Has.textId && { tradeId: fields.text() })
  }
  return { type: 'trade', data: { symbol: tick.symbol, trade, timestamp: tick.asOf } }
}
