import { Feed, ValueState, type Provenance } from '../market/provenance.ts'
import { literal, type JsonWriter } from './json-writer.ts'
import { InstantReader } from './record-clock.ts'
import { isSameText, type Fields, type PackedRecord, type RecordReader } from './record-reader.ts'
import { STATE_AT, STATE_CODES } from './record.ts'
import { isNumber, NO_STRING, type RecordWriter } from './record-writer.ts'

/**
 * Where quotes and bars come from, behind the head of the record:
 *
 *     7  u8   state, by STATE_CODES
 *     8  f64  receivedAt, epoch milliseconds
 *    16  u8   source, of the strings
 *    17  u8   feed in the low 4 bits, what there is behind the record's other fields above: delivery (nothing is written of
 *             it), f64 delayedBySeconds, attempts and notes as JSON, each with its length in two bytes
 */
export const PROVENANCE_END = 18
const RECEIVED_AT = 8
const SOURCE_AT = 16
const FEED_AT = 17
const FEED_MASK = 15
const DELIVERY = 16
const DELAY = 32
const ATTEMPTS = 64
const NOTES = 128
/** JSON within a record; more goes as JSON as a whole. */
const MAX_JSON_BYTES = 2048
const receivedAtReader = new InstantReader()

/** Writes the fixed part at `start`. False where it cannot. */
export function writeProvenance(writer: RecordWriter, start: number, provenance: Provenance): boolean {
  const { delivery, delayedBySeconds, attempts, notes, state, receivedAt } = provenance
  const feed = Feed.enum.indexOf(provenance.feed)
  const source = writer.stringOf(provenance.source)
  if (feed < 0 || source < 0 || source === NO_STRING || STATE_CODES[state] === undefined || !Array.isArray(attempts)) {
    return false
  }
  if (!receivedAtReader.read(receivedAt) || receivedAtReader.ns !== 0) return false
  if (delivery !== undefined && delivery !== 'stream') return false
  let has = feed
  if (delivery !== undefined) has |= DELIVERY
  if (delayedBySeconds !== undefined) has |= DELAY
  if (attempts.length > 0) has |= ATTEMPTS
  if (notes !== undefined) has |= NOTES
  writer.bytes[start + STATE_AT] = STATE_CODES[state]
  writer.view.setFloat64(start + RECEIVED_AT, receivedAtReader.ms, true)
  writer.bytes[start + SOURCE_AT] = source
  writer.bytes[start + FEED_AT] = has
  return true
}

/** Writes what stands behind the record's other fields. False where it cannot. */
export function writeProvenanceEnd(writer: RecordWriter, { delayedBySeconds, attempts, notes }: Provenance): boolean {
  if (delayedBySeconds !== undefined) {
    if (!isNumber(delayedBySeconds)) return false
    writer.f64(delayedBySeconds)
  }
  if (attempts.length > 0 && !writeJson(writer, attempts)) return false
  return notes === undefined || writeJson(writer, notes)
}

/** JSON of something rare, with its length in two bytes. False where there is too much of it. */
export function writeJson(writer: RecordWriter, value: unknown): boolean {
  const json = JSON.stringify(value)
  const bytes = Buffer.byteLength(json)
  if (bytes > MAX_JSON_BYTES) return false
  writer.reserve(bytes + MAX_JSON_BYTES)
  writer.view.setUint16(writer.at, bytes, true)
  writer.bytes.write(json, writer.at + 2)
  writer.at += 2 + bytes
  return true
}

export const receivedAtOfProvenance = ({ view }: RecordReader, start: number): number =>
  view.getFloat64(start + RECEIVED_AT, true)

/** Writes the provenance, without its closing brace; `fields` stand where its end begins. */
export function writeProvenanceJson(json: JsonWriter, entry: RecordReader, start: number, fields: Fields): void {
  const { bytes } = entry
  const has = bytes[start + FEED_AT]!
  json.put(SOURCE)
  json.text(bytes, entry.stringAt(bytes[start + SOURCE_AT]!))
  json.put(FEEDS[has & FEED_MASK]!)
  if (has & DELIVERY) json.put(STREAMED)
  json.put(RECEIVED)
  json.instant(receivedAtOfProvenance(entry, start), 0)
  if (has & DELAY) {
    json.put(DELAYED)
    json.number(fields.f64())
  }
  json.put(STATES_JSON[bytes[start + STATE_AT]! - 1]!)
  json.put(has & ATTEMPTS ? fields.json() : NO_ATTEMPTS)
  if (has & NOTES) {
    json.put(WITH_NOTES)
    json.put(fields.json())
  }
}

/** Whether two records say the same of where they come from; their fields stand where its end begins. */
export function isSameProvenance(a: PackedRecord, aFields: Fields, b: PackedRecord, bFields: Fields): boolean {
  if (receivedAtOfProvenance(a.entry, a.start) !== receivedAtOfProvenance(b.entry, b.start)) return false
  const aBytes = a.entry.bytes
  const bBytes = b.entry.bytes
  const has = aBytes[a.start + FEED_AT]!
  if (has !== bBytes[b.start + FEED_AT] || aBytes[a.start + STATE_AT] !== bBytes[b.start + STATE_AT]) return false
  const aSource = a.entry.stringAt(aBytes[a.start + SOURCE_AT]!)
  if (!isSameText(aBytes, aSource, bBytes, b.entry.stringAt(bBytes[b.start + SOURCE_AT]!))) return false
  if (has & DELAY && !Object.is(aFields.f64(), bFields.f64())) return false
  if (has & ATTEMPTS && !aFields.json().equals(bFields.json())) return false
  return (has & NOTES) === 0 || aFields.json().equals(bFields.json())
}

export function readProvenance(entry: RecordReader, start: number, fields: Fields): Provenance {
  const { bytes } = entry
  const has = bytes[start + FEED_AT]!
  return {
    source: entry.string(bytes[start + SOURCE_AT]!),
    feed: Feed.enum[has & FEED_MASK]!,
    ...((has & DELIVERY) !== 0 && { delivery: 'stream' as const }),
    receivedAt: new Date(receivedAtOfProvenance(entry, start)).toISOString(),
    ...((has & DELAY) !== 0 && { delayedBySeconds: fields.f64() }),
    state: stateOf(bytes[start + STATE_AT]!),
    attempts: (has & ATTEMPTS) === 0 ? [] : (JSON.parse(fields.json().toString()) as Provenance['attempts']),
    ...((has & NOTES) !== 0 && { notes: JSON.parse(fields.json().toString()) as string[] })
  }
}

const STATES = ValueState.enum.toSorted((a, b) => STATE_CODES[a] - STATE_CODES[b])

const stateOf = (code: number): ValueState => STATES[code - 1]!

const SOURCE = literal('{"source":')
const FEEDS = Feed.enum.map((feed) => literal(`,"feed":"${feed}"`))
const STREAMED = literal(',"delivery":"stream"')
const RECEIVED = literal(',"receivedAt":')
const DELAYED = literal(',"delayedBySeconds":')
const STATES_JSON = STATES.map((state) => literal(`,"state":"${state}","attempts":`))
const NO_ATTEMPTS = literal('[]')
const WITH_NOTES = literal(',"notes":')
