import { isFormerCursor, parseFormerCursor } from './former-cursor.ts'
import type { LogEntry } from './log-entry.ts'
import type { Place } from './position.ts'
import { BEGINNING, insideOf, LAST_INDEX, MAX_ID_PART, outsideOf, placeOf, type EntryId } from './entry-position.ts'
import { readVarint, writeVarint, type VarintReader } from './varint.ts'

/**
 * What clients hold to resume by: one place in each shard of the log, as base64url of a stem and an end.
 *
 *     stem  u8      version
 *           u8      number of epochs, then 6 bytes for each
 *           varint  shards of the log
 *           varint  the cursor's own shard, whose record it stands behind; which epoch; both parts of the entry's id
 *           for each other shard, in order, a varint:
 *             0     no place is known
 *             1     nothing has come there, in the first epoch
 *             2 + n n / 2: milliseconds from the own entry to this one, zigzag. Where n is odd, a varint follows: second part
 *                   of the id, times 4; + 1: then follows the record's index, else it is behind all; + 2: then which epoch
 *     end   u24     index of the own record; all ones: behind all of them
 *           u24     a check of all that comes before
 *
 * The stem is the same for all records of an entry; who sends many of them makes it once.
 */
const VERSION = 1
export const EPOCH_BYTES = 6
/** Characters of the end. */
const END_LENGTH = 8
const EPOCHS_AT = 2
const BEHIND_ALL = 0xff_ff_ff
const UNKNOWN = 0
const UNTOUCHED = 1
const FIRST_DISTANCE = 2
const HAS_INDEX = 1
const HAS_EPOCH = 2
/** Of 256 shards in two epochs. */
const MAX_STEM_BYTES = 8192
const TEXT = /^[\w-]{9,}$/

/** The beginning of the cursors of one entry's records. */
export type CursorStem = { readonly text: string; readonly check: number }

/** Names each place that a client holds; at most one in a shard. */
export type Cursor = readonly Place[]

/** Used by one call at a time. */
const bytes = Buffer.allocUnsafe(MAX_STEM_BYTES)
let writtenEpoch = ''

/** `places`: by shard, where everything was seen up to. Of the entry's own shard only the epoch counts. */
export function stemOf(entry: LogEntry, places: readonly (Place | undefined)[]): CursorStem {
  return writeStem({ shard: entry.shard, id: placeOf(entry), epoch: places[entry.shard]!.epoch }, places)
}

/** The cursor of a record. */
export const cursorAt = (stem: CursorStem, index: number): string => stem.text + endOf(stem, index)

/** So many characters a cursor takes with its stem. */
export const cursorLength = ({ text }: CursorStem): number => text.length + END_LENGTH

/** Places by shard, at least one of them, as a cursor. */
export function formatCursor(places: readonly (Place | undefined)[]): string {
  const newest = places
    .filter((place) => place !== undefined)
    .reduce((one, other) => (insideOf(other.at).idHigh > insideOf(one.at).idHigh ? other : one))
  const { shard, index, ...id } = insideOf(newest.at)
  return cursorAt(writeStem({ shard, id, epoch: newest.epoch }, places), index)
}

/**
 * Reads what a client sent; undefined for anything that was never a cursor. Of a log with another number of shards none of its
 * places means anything here.
 */
export function parseCursor(text: string, shards: number): Cursor | undefined {
  if (isFormerCursor(text)) return parseFormerCursor(text)
  if (!TEXT.test(text)) return undefined
  const end = Buffer.from(text.slice(-END_LENGTH), 'base64url')
  const stem = Buffer.from(text.slice(0, -END_LENGTH), 'base64url')
  const index = end.readUIntBE(0, 3)
  if (stem.length > MAX_STEM_BYTES || end.readUIntBE(3, 3) !== checkOf(hashOf(stem, stem.length), index))
    return undefined
  if (stem[0] !== VERSION) return undefined
  return readStem(stem, index, shards)
}

type Own = { readonly shard: number; readonly id: EntryId; readonly epoch: string }

function writeStem(own: Own, places: readonly (Place | undefined)[]): CursorStem {
  const epochs = [own.epoch]
  for (const place of places) if (place && !epochs.includes(place.epoch)) epochs.push(place.epoch)
  bytes[0] = VERSION
  bytes[1] = epochs.length
  let at = writeEpochs(epochs)
  at = writeVarint(bytes, at, places.length)
  at = writeVarint(bytes, at, own.shard)
  at = writeVarint(bytes, at, 0)
  at = writeVarint(bytes, at, own.id.idHigh)
  at = writeVarint(bytes, at, own.id.idLow)
  for (let shard = 0; shard < places.length; shard++) {
    const place = places[shard]
    if (shard !== own.shard) at = place ? writePlace(at, place, own.id, epochs) : writeVarint(bytes, at, UNKNOWN)
  }
  return { text: bytes.toString('base64url', 0, at), check: hashOf(bytes, at) }
}

/** The first is mostly the one that stands there from the cursor before. */
function writeEpochs(epochs: readonly string[]): number {
  if (epochs[0] !== writtenEpoch) bytes.write(epochs[0]!, EPOCHS_AT, 'hex')
  writtenEpoch = epochs[0]!
  let at = EPOCHS_AT + EPOCH_BYTES
  for (let number = 1; number < epochs.length; number++) at += bytes.write(epochs[number]!, at, 'hex')
  return at
}

function writePlace(start: number, { epoch, at: position }: Place, own: EntryId, epochs: readonly string[]): number {
  const { idHigh, idLow, index } = insideOf(position)
  const epochAt = epochs.indexOf(epoch)
  const isBehindAll = index === LAST_INDEX
  if (isBehindAll && epochAt === 0 && idHigh + idLow === 0) return writeVarint(bytes, start, UNTOUCHED)
  const flags = (isBehindAll ? 0 : HAS_INDEX) + (epochAt === 0 ? 0 : HAS_EPOCH)
  const more = idLow * 4 + flags
  let at = writeVarint(bytes, start, FIRST_DISTANCE + zigzag(idHigh - own.idHigh) * 2 + (more > 0 ? 1 : 0))
  if (more > 0) at = writeVarint(bytes, at, more)
  if (!isBehindAll) at = writeVarint(bytes, at, index)
  return epochAt === 0 ? at : writeVarint(bytes, at, epochAt)
}

function readStem(stem: Buffer, index: number, shards: number): Cursor | undefined {
  const epochs: string[] = []
  const reader: VarintReader = { bytes: stem, at: EPOCHS_AT }
  for (let left = stem[1]!; left > 0; left--) {
    epochs.push(stem.toString('hex', reader.at, reader.at + EPOCH_BYTES))
    reader.at += EPOCH_BYTES
  }
  if (readVarint(reader) !== shards) return []
  const own = {
    shard: readVarint(reader),
    epochAt: readVarint(reader),
    idHigh: readVarint(reader),
    idLow: readVarint(reader)
  }
  const places: (Place | undefined)[] = []
  for (let shard = 0; shard < shards; shard++) {
    places.push(
      shard === own.shard
        ? placeAt(shard, { ...own, index: index === BEHIND_ALL ? LAST_INDEX : index }, epochs[own.epochAt])
        : readPlace(reader, shard, own.idHigh, epochs)
    )
  }
  const isWhole = own.shard < shards && reader.at === stem.length
  return isWhole ? places.filter((place) => place !== undefined) : undefined
}

function readPlace(reader: VarintReader, shard: number, ownMs: number, epochs: readonly string[]): Place | undefined {
  const code = readVarint(reader)
  if (code === UNKNOWN) return undefined
  if (code === UNTOUCHED) return placeAt(shard, { ...BEGINNING, index: LAST_INDEX }, epochs[0])
  const idHigh = ownMs + unzigzag(Math.floor((code - FIRST_DISTANCE) / 2))
  const more = (code - FIRST_DISTANCE) % 2 === 1 ? readVarint(reader) : 0
  const index = more % 2 === HAS_INDEX ? readVarint(reader) : LAST_INDEX
  const epochAt = more % 4 >= HAS_EPOCH ? readVarint(reader) : 0
  return placeAt(shard, { idHigh, idLow: Math.floor(more / 4), index }, epochs[epochAt])
}

function placeAt(shard: number, id: EntryId & { index: number }, epoch: string | undefined): Place | undefined {
  const { idHigh, idLow, index } = id
  const isPossible = idHigh >= 0 && idHigh <= MAX_ID_PART && idLow <= MAX_ID_PART && index <= LAST_INDEX
  return isPossible && epoch !== undefined ? { epoch, at: outsideOf({ shard, idHigh, idLow, index }) } : undefined
}

const zigzag = (number: number): number => (number < 0 ? -2 * number - 1 : 2 * number)
const unzigzag = (code: number): number => (code % 2 === 1 ? -(code + 1) / 2 : code / 2)

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Base64url of twelve bits. */
const PAIRS = Array.from({ length: 4096 }, (_, code) => ALPHABET[code >> 6]! + ALPHABET[code & 63]!)

function endOf({ check }: CursorStem, index: number): string {
  const known = index === LAST_INDEX ? BEHIND_ALL : index
  const sum = checkOf(check, known)
  return PAIRS[known >> 12]! + PAIRS[known & 0xfff]! + PAIRS[sum >> 12]! + PAIRS[sum & 0xfff]!
}

const checkOf = (hash: number, index: number): number =>
  Math.imul(hash ^ Math.imul(index + 1, 0x9e3779b1), 0x85ebca6b) >>> 8

function hashOf(stem: Buffer, length: number): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < length; at++) hash = Math.imul(hash ^ stem[at]!, 0x01000193)
  return hash
}
