import { topicOf, type MarketEvent } from '../market/event.ts'
import type { ValueState } from '../market/provenance.ts'

/** What a record says about its event without its JSON being parsed. */
export const RecordKind = { quote: 1, trade: 2, bar: 3, channel: 4 } as const
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind]

/**
 * The numbers of each kind, as clients of the binary protocol get them (little-endian doubles, NaN where absent):
 * quote: asOf, price, volume, bid, ask; trade: asOf, price, size; bar: start, open, high, low, close, volume.
 */
export const NUMBERS_OF_KIND: Readonly<Record<RecordKind, number>> = { 1: 5, 2: 3, 3: 6, 4: 0 }

/** A quote's state as clients of the binary protocol get it. */
export const STATE_CODES: Readonly<Record<ValueState, number>> = {
  live: 1,
  delayed: 2,
  closed: 3,
  stale: 4,
  suspect: 5
}

/**
 * One event in the log, little-endian:
 *
 *     0  u32  length of the whole record
 *     4  u8   kind
 *     5  u8   length of the topic
 *     6  u8   of a quote: whether to trust it, by STATE_CODES; else 0
 *     7  u8   reserved, 0
 *     8  f64  when the server got the value, epoch ms: of two quotes the later is the newer
 *     16 f64… the kind's numbers
 *        topic, ASCII
 *        JSON without its closing brace, so that whoever sends it can add the cursor
 */
export const RECORD_HEAD_BYTES = 16
const MAX_TOPIC_BYTES = 255
/** Readers hold records whole, for every client that is behind. */
const MAX_RECORD_BYTES = 4 * 1024 * 1024

/** An event ready for the log. */
export type EncodedEvent = { readonly topic: string; readonly record: Buffer }

/** Encodes an event once, for everybody who will ever read it. Throws RangeError for an impossible topic or size. */
export function encodeEvent(event: MarketEvent, receivedAt: number): EncodedEvent {
  const topic = topicOf(event)
  if (topic.length > MAX_TOPIC_BYTES) throw new RangeError(`the topic ${topic.slice(0, 40)}… is too long`)
  const { kind, numbers } = numbersOf(event)
  const json = JSON.stringify(event)
  const headBytes = RECORD_HEAD_BYTES + numbers.length * 8 + topic.length
  const bytes = headBytes + Buffer.byteLength(json) - 1
  if (bytes > MAX_RECORD_BYTES) throw new RangeError(`an event of ${topic} is too large: ${bytes} bytes`)
  const record = Buffer.allocUnsafe(bytes)
  record.writeUInt32LE(record.length, 0)
  record[4] = kind
  record[5] = topic.length
  record[6] = event.type === 'quote_update' ? STATE_CODES[event.data.quote.provenance.state] : 0
  record[7] = 0
  record.writeDoubleLE(receivedAt, 8)
  let offset = RECORD_HEAD_BYTES
  for (const number of numbers) offset = record.writeDoubleLE(number ?? Number.NaN, offset)
  record.write(topic, offset, 'latin1')
  record.write(json, headBytes) // the closing brace finds no room, and stays out
  return { topic, record }
}

type Numbers = { kind: RecordKind; numbers: readonly (number | undefined)[] }

function numbersOf(event: MarketEvent): Numbers {
  switch (event.type) {
    case 'quote_update': {
      const { price, volume, bid, ask, asOf } = event.data.quote
      return { kind: RecordKind.quote, numbers: [Date.parse(asOf), price, volume, bid, ask] }
    }
    case 'trade': {
      const { price, size, asOf } = event.data.trade
      return { kind: RecordKind.trade, numbers: [Date.parse(asOf), price, size] }
    }
    case 'bar_update': {
      const { start, open, high, low, close, volume } = event.data.bar
      return { kind: RecordKind.bar, numbers: [Date.parse(start), open, high, low, close, volume] }
    }
    default:
      return { kind: RecordKind.channel, numbers: [] }
  }
}
