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

/** What is to be written of one event. */
export type Draft = {
  readonly topic: string
  /** Of the whole record. */
  readonly bytes: number
  readonly kind: RecordKind
  readonly stateCode: number
  readonly receivedAt: number
  readonly numbers: Numbers
  readonly json: string
}

/** Prepares an event once, for everybody who will ever read it. Throws RangeError for an impossible topic or size. */
export function draftOf(event: MarketEvent, receivedAt: number): Draft {
  const topic = topicOf(event)
  if (topic.length > MAX_TOPIC_BYTES) throw new RangeError(`the topic ${topic.slice(0, 40)}… is too long`)
  const kind = kindOf(event)
  const json = JSON.stringify(event)
  const headBytes = RECORD_HEAD_BYTES + NUMBERS_OF_KIND[kind] * 8 + topic.length
  const bytes = headBytes + Buffer.byteLength(json) - 1
  if (bytes > MAX_RECORD_BYTES) throw new RangeError(`an event of ${topic} is too large: ${bytes} bytes`)
  const stateCode = event.type === 'quote_update' ? STATE_CODES[event.data.quote.provenance.state] : 0
  return { topic, bytes, kind, stateCode, receivedAt, numbers: numbersOf(event), json }
}

/** Writes a record where there is room for its bytes. */
export function writeRecord(draft: Draft, into: Buffer, at: number): void {
  const { topic, bytes, kind, stateCode, receivedAt, numbers, json } = draft
  into.writeUInt32LE(bytes, at)
  into[at + 4] = kind
  into[at + 5] = topic.length
  into[at + 6] = stateCode
  into[at + 7] = 0
  into.writeDoubleLE(receivedAt, at + 8)
  let offset = at + RECORD_HEAD_BYTES
  for (const number of numbers) offset = into.writeDoubleLE(number ?? Number.NaN, offset)
  into.write(topic, offset, 'latin1')
  offset += topic.length
  into.write(json, offset, at + bytes - offset) // the closing brace finds no room, and stays out
}

/** One record by itself. */
export function encodeEvent(event: MarketEvent, receivedAt: number): { topic: string; record: Buffer } {
  const draft = draftOf(event, receivedAt)
  const record = Buffer.allocUnsafe(draft.bytes)
  writeRecord(draft, record, 0)
  return { topic: draft.topic, record }
}

type Numbers = readonly (number | undefined)[]

function kindOf({ type }: MarketEvent): RecordKind {
  if (type === 'quote_update') return RecordKind.quote
  if (type === 'trade') return RecordKind.trade
  return type === 'bar_update' ? RecordKind.bar : RecordKind.channel
}

/** As many as the event's kind has. */
function numbersOf(event: MarketEvent): Numbers {
  switch (event.type) {
    case 'quote_update': {
      const { price, volume, bid, ask, asOf } = event.data.quote
      return [Date.parse(asOf), price, volume, bid, ask]
    }
    case 'trade': {
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

const NO_NUMBERS: Numbers = []
