import { formatInstantNs } from '../market/instant-ns.ts'
import { Feed } from '../market/provenance.ts'
import { QuoteGroup, type PartOrigin } from '../market/quote-provenance.ts'
import { literal, type JsonWriter } from './json-writer.ts'
import { InstantReader } from './record-clock.ts'
import { isSameText, type Fields, type RecordReader } from './record-reader.ts'
import { NO_STRING, type RecordWriter } from './record-writer.ts'

/**
 * Who told figures of a quote beside who told its price, at the end of its record: their number in one byte, and of each
 *
 *     0  u8   source, of the strings
 *     1  u8   feed
 *     2  u16  groups, a bit for each, the first one's the lowest
 *     4  f64  asOf, epoch milliseconds
 *     12 u32  nanoseconds of asOf
 */
const PART_BYTES = 16
const FEED_AT = 1
const GROUPS_AT = 2
const AS_OF_AT = 4
const NS_AT = 12
/** One for each group: more tell nothing, and go as JSON. */
const MAX_PARTS = QuoteGroup.enum.length
const asOfReader = new InstantReader()

/** False where it cannot: then nothing is written. */
export function writeParts(writer: RecordWriter, parts: readonly PartOrigin[]): boolean {
  if (!Array.isArray(parts) || parts.length > MAX_PARTS) return false
  writer.reserve(1 + MAX_PARTS * PART_BYTES)
  const { bytes, view } = writer
  let at = writer.at + 1
  for (const part of parts) {
    const source = writer.stringOf(part.source)
    const feed = Feed.enum.indexOf(part.feed)
    const groups = bitsOf(part.groups)
    if (source < 0 || source === NO_STRING || feed < 0 || groups < 0 || !asOfReader.read(part.asOf)) return false
    bytes[at] = source
    bytes[at + FEED_AT] = feed
    view.setUint16(at + GROUPS_AT, groups, true)
    view.setFloat64(at + AS_OF_AT, asOfReader.ms, true)
    view.setUint32(at + NS_AT, asOfReader.ns, true)
    at += PART_BYTES
  }
  bytes[writer.at] = parts.length
  writer.at = at
  return true
}

/** -1 where they do not stand in the order of all groups. */
function bitsOf(groups: readonly QuoteGroup[]): number {
  let bits = 0
  let last = -1
  for (const group of groups) {
    const at = QuoteGroup.enum.indexOf(group)
    if (at <= last) return -1
    bits |= 1 << at
    last = at
  }
  return bits
}

const groupsOf = (bits: number): QuoteGroup[] => QuoteGroup.enum.filter((_, at) => bits & (1 << at))

export function readParts(entry: RecordReader, fields: Fields): PartOrigin[] {
  const { bytes, view } = entry
  const countAt = fields.skipRows(PART_BYTES)
  return Array.from({ length: bytes[countAt]! }, (_, index) => {
    const at = countAt + 1 + index * PART_BYTES
    const instant = { ms: view.getFloat64(at + AS_OF_AT, true), ns: view.getUint32(at + NS_AT, true) }
    return {
      source: entry.string(bytes[at]!),
      feed: Feed.enum[bytes[at + FEED_AT]!]!,
      asOf: formatInstantNs(instant),
      groups: groupsOf(view.getUint16(at + GROUPS_AT, true))
    }
  })
}

/** Writes the list; `fields` stand where it begins. */
export function writePartsJson(json: JsonWriter, entry: RecordReader, fields: Fields): void {
  const { bytes, view } = entry
  const countAt = fields.skipRows(PART_BYTES)
  let at = countAt + 1
  for (let left = bytes[countAt]!; left > 0; left--) {
    json.put(at === countAt + 1 ? FIRST : NEXT)
    json.text(bytes, entry.stringAt(bytes[at]!))
    json.put(FEEDS[bytes[at + FEED_AT]!]!)
    json.instant(view.getFloat64(at + AS_OF_AT, true), view.getUint32(at + NS_AT, true))
    json.put(groupsJson(view.getUint16(at + GROUPS_AT, true)))
    at += PART_BYTES
  }
  json.put(bytes[countAt] === 0 ? NONE : END)
}

/** Whether two records have the same ones; their fields stand where these begin. */
export function isSameParts(a: RecordReader, aFields: Fields, b: RecordReader, bFields: Fields): boolean {
  const aCountAt = aFields.skipRows(PART_BYTES)
  const bCountAt = bFields.skipRows(PART_BYTES)
  const count = a.bytes[aCountAt]!
  if (count !== b.bytes[bCountAt]) return false
  for (let index = 0; index < count; index++) {
    const aAt = aCountAt + 1 + index * PART_BYTES
    const bAt = bCountAt + 1 + index * PART_BYTES
    if (!isSameText(a.bytes, a.stringAt(a.bytes[aAt]!), b.bytes, b.stringAt(b.bytes[bAt]!))) return false
    for (let at = FEED_AT; at < PART_BYTES; at++) if (a.bytes[aAt + at] !== b.bytes[bAt + at]) return false
  }
  return true
}

/** By their bits: the groups of a stream's quotes are the same ones again and again. */
const known = new Map<number, Uint8Array>()

function groupsJson(bits: number): Uint8Array {
  const json = known.get(bits) ?? literal(`,"groups":${JSON.stringify(groupsOf(bits))}`)
  known.set(bits, json)
  return json
}

const FIRST = literal('[{"source":')
const NEXT = literal('},{"source":')
const FEEDS = Feed.enum.map((feed) => literal(`,"feed":"${feed}","asOf":`))
const END = literal('}]')
const NONE = literal('[]')
