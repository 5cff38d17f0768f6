import type { Bbo } from '../market/bbo.ts'
import type { BboUpdate } from '../market/event.ts'
import { shapeOfTick } from '../market/tick.ts'
import { literal, type JsonWriter } from './json-writer.ts'
import { Fields, writeString, type RecordReader } from './record-reader.ts'
import {
  encodeTick,
  Has,
  hasOf,
  readTick,
  TICK_END,
  writeAsOfJson,
  writeConditions,
  writeTick,
  writeTickJson
} from './record-tick.ts'
import { isNumber, NO_STRING, type RecordWriter } from './record-writer.ts'
import { ROW_AT } from './record.ts'

/**
 * A best bid and offer, behind what ticks have in common (record-tick.ts):
 *
 *    32  u8   venue of the bid, of the strings
 *    33  u8   venue of the ask, of the strings
 *    34  u8   currency, of the strings
 *        f64  fence, bid, bidSize, ask, askSize: those that there are
 *        u8   number of conditions, then each with its length in a byte
 */
const BID_VENUE_AT = TICK_END
const ASK_VENUE_AT = 33
const CURRENCY_AT = 34
const FIXED_BYTES = 35

/** Writes a record behind its head. False where it cannot. */
export function writeBbo(writer: RecordWriter, event: BboUpdate): boolean {
  const { symbol, bbo, timestamp } = event.data
  const { fence, bid, bidSize, ask, askSize, conditions, sequence } = bbo
  if (timestamp !== bbo.asOf || bbo.symbol !== symbol) return false
  const bidVenue = writer.stringOf(bbo.bidVenue)
  const askVenue = writer.stringOf(bbo.askVenue)
  const currency = writer.stringOf(bbo.currency)
  if (!encodeTick(writer, bbo) || bidVenue < 0 || askVenue < 0 || currency < 0) return false
  if (!mayBe(fence) || !mayBe(bid) || !mayBe(bidSize) || !mayBe(ask) || !mayBe(askSize)) return false
  let has = 0
  if (fence !== undefined) has |= Has.fence
  if (bid !== undefined) has |= Has.bid
  if (bidSize !== undefined) has |= Has.bidSize
  if (ask !== undefined) has |= Has.ask
  if (askSize !== undefined) has |= Has.askSize
  if (conditions !== undefined) has |= Has.conditions

  const { bytes, at: start } = writer
  writeTick(writer, start, sequence, has)
  bytes[start + BID_VENUE_AT] = bidVenue
  bytes[start + ASK_VENUE_AT] = askVenue
  bytes[start + CURRENCY_AT] = currency
  writer.at = start + FIXED_BYTES
  if (fence !== undefined) writer.f64(fence)
  if (bid !== undefined) writer.f64(bid)
  if (bidSize !== undefined) writer.f64(bidSize)
  if (ask !== undefined) writer.f64(ask)
  if (askSize !== undefined) writer.f64(askSize)
  return conditions === undefined || writeConditions(writer, conditions)
}

const mayBe = (value: unknown): boolean => value === undefined || isNumber(value)

/** Writes the event, without its closing brace. */
export function writeBboJson(json: JsonWriter, entry: RecordReader, start: number): void {
  const { bytes, view } = entry
  const has = hasOf(entry, start)
  const symbolAt = entry.textAt(view.getUint16(start + ROW_AT, true))
  let at = start + FIXED_BYTES
  const next = (flag: number): number | undefined => {
    if ((has & flag) === 0) return undefined
    at += 8
    return view.getFloat64(at - 8, true)
  }
  json.put(BBO)
  json.text(bytes, symbolAt)
  json.put(TIMESTAMP)
  writeAsOfJson(json, entry, start)
  json.put(BBO_SYMBOL)
  json.text(bytes, symbolAt)
  writeTickJson(json, entry, start, next(Has.fence))
  writeMember(json, BID, next(Has.bid))
  writeMember(json, BID_SIZE, next(Has.bidSize))
  writeString(json, BID_VENUE, entry, bytes[start + BID_VENUE_AT]!)
  writeMember(json, ASK, next(Has.ask))
  writeMember(json, ASK_SIZE, next(Has.askSize))
  writeString(json, ASK_VENUE, entry, bytes[start + ASK_VENUE_AT]!)
  writeString(json, CURRENCY, entry, bytes[start + CURRENCY_AT]!)
  if (has & Has.conditions) {
    json.put(CONDITIONS)
    json.texts(bytes, at)
  }
  json.put(END)
}

function writeMember(json: JsonWriter, key: Uint8Array, value: number | undefined): void {
  if (value === undefined) return
  json.put(key)
  json.number(value)
}

const BBO = literal('{"type":"bbo","data":{"symbol":')
const TIMESTAMP = literal(',"timestamp":')
const BBO_SYMBOL = literal(',"bbo":{"symbol":')
const BID = literal(',"bid":')
const BID_SIZE = literal(',"bidSize":')
const BID_VENUE = literal(',"bidVenue":')
const ASK = literal(',"ask":')
const ASK_SIZE = literal(',"askSize":')
const ASK_VENUE = literal(',"askVenue":')
const CURRENCY = literal(',"currency":')
const CONDITIONS = literal(',"conditions":')
const END = literal('}}')

export function readBbo(entry: RecordReader, start: number): BboUpdate {
  const { bytes } = entry
  const has = hasOf(entry, start)
  const fields = new Fields(entry, start + FIXED_BYTES)
  const tick = readTick(entry, start, has & Has.fence ? fields.f64() : undefined)
  const bidVenue = bytes[start + BID_VENUE_AT]!
  const askVenue = bytes[start + ASK_VENUE_AT]!
  const currency = bytes[start + CURRENCY_AT]!
  const bbo = shapeOfTick<Bbo>({
    ...tick,
    ...(has & Has.bid && { bid: fields.f64() }),
    ...(has & Has.bidSize && { bidSize: fields.f64() }),
    ...(bidVenue !== NO_STRING && { bidVenue: entry.string(bidVenue) }),
    ...(has & Has.ask && { ask: fields.f64() }),
    ...(has & Has.askSize && { askSize: fields.f64() }),
    ...(askVenue !== NO_STRING && { askVenue: entry.string(askVenue) }),
    ...(currency !== NO_STRING && { currency: entry.string(currency) }),
    ...(has & Has.conditions && { conditions: fields.texts() })
  })
  return { type: 'bbo', data: { symbol: bbo.symbol, timestamp: bbo.asOf, bbo } }
}
