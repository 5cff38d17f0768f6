import type { MarketEvent } from '../market/event.ts'
import { STATE_AT, STATE_CODES, RECORD_HEAD_BYTES, RecordKind, NUMBERS_OF_KIND } from './record.ts'
import type { RecordReader } from './record-reader.ts'
import type { RecordWriter } from './record-writer.ts'

/**
 * An event that stands in the log as JSON, because its kind is rare, or because it has something that its kind's own record
 * cannot hold, such as a long text; behind the head of the record:
 *
 *     8  f64  receivedAt, epoch milliseconds
 *    16  f64  asOf, epoch milliseconds; NaN where it has none
 *    24  f64… the kind's numbers, NaN where absent
 *        JSON without its closing brace, so that whoever sends it can add the cursor
 */
const RECEIVED_AT = RECORD_HEAD_BYTES
const AS_OF_AT = 16
const NUMBERS_AT = 24

export const jsonStartOf = (kind: RecordKind): number => NUMBERS_AT + NUMBERS_OF_KIND[kind] * 8

/** Writes a record behind its head, with the head's state. */
export function writeJsonRecord(writer: RecordWriter, kind: RecordKind, event: MarketEvent, nowMs: number): void {
  const start = writer.at
  const json = JSON.stringify(event)
  const jsonBytes = Buffer.byteLength(json) - 1
  const jsonStart = jsonStartOf(kind)
  writer.reserve(jsonStart + jsonBytes)
  const { bytes, view } = writer
  bytes[start + STATE_AT] = event.type === 'quote_update' ? STATE_CODES[event.data.quote.provenance.state] : 0
  view.setFloat64(start + RECEIVED_AT, receivedAtOf(event) ?? nowMs, true)
  view.setFloat64(start + AS_OF_AT, 'timestamp' in event.data ? Date.parse(event.data.timestamp) : Number.NaN, true)
  for (const [at, number] of numbersOf(event).entries()) {
    view.setFloat64(start + NUMBERS_AT + at * 8, number ?? Number.NaN, true)
  }
  // The closing brace finds no room, and stays out.
  bytes.write(json, start + jsonStart, jsonBytes)
  writer.at = start + jsonStart + jsonBytes
}

export const receivedAtOfJson = ({ view }: RecordReader, start: number): number =>
  view.getFloat64(start + RECEIVED_AT, true)

export const asOfOfJson = ({ view }: RecordReader, start: number): number => view.getFloat64(start + AS_OF_AT, true)

export const numberOfJson = ({ view }: RecordReader, start: number, at: number): number =>
  view.getFloat64(start + NUMBERS_AT + at * 8, true)

/** Where the event says when the server got it; undefined where it does not. Epoch milliseconds. */
function receivedAtOf(event: MarketEvent): number | undefined {
  switch (event.type) {
    case 'quote_update':
      return Date.parse(event.data.quote.provenance.receivedAt)
    case 'bar_update':
      return Date.parse(event.data.provenance.receivedAt)
    case 'trade':
    case 'trade_backfill':
      return Date.parse(event.data.trade.receivedAt)
    case 'trade_correction':
      return Date.parse(event.data.correction.receivedAt)
    case 'trade_cancel':
      return Date.parse(event.data.cancel.receivedAt)
    case 'bbo':
      return Date.parse(event.data.bbo.receivedAt)
    case 'halt':
      return Date.parse(event.data.halt.receivedAt)
    default:
      return undefined
  }
}

/** As many as the event's kind has. */
function numbersOf(event: MarketEvent): readonly (number | undefined)[] {
  switch (event.type) {
    case 'quote_update': {
      const { price, volume, bid, ask, asOf } = event.data.quote
      return [Date.parse(asOf), price, volume, bid, ask]
    }
    case 'trade':
    case 'trade_backfill': {
      const { price, size, asOf } = event.data.trade
      return [Date.parse(asOf), price, size]
    }
    case 'bar_update': {
      const { start, open, high, low, close, volume } = event.data.bar
      return [Date.parse(start), open, high, low, close, volume]
    }
    default:
      return NO_NUMBERS
  }
}

const NO_NUMBERS: readonly number[] = []

export function kindOf({ type }: MarketEvent): RecordKind {
  return KINDS[type] ?? RecordKind.channel
}

const KINDS: Partial<Record<MarketEvent['type'], RecordKind>> = {
  quote_update: RecordKind.quote,
  trade: RecordKind.trade,
  trade_backfill: RecordKind.trade,
  trade_correction: RecordKind.tradeCorrection,
  trade_cancel: RecordKind.tradeCancel,
  bbo: RecordKind.bbo,
  halt: RecordKind.halt,
  bar_update: RecordKind.bar
}
