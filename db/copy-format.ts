import type { PgColumn } from 'drizzle-orm/pg-core'
import type { InstantNs } from '../src/market/instant-ns.ts'
import { DAY_MS } from '../src/market/time.ts'

const CHUNK_BYTES = 65_536
/** A numeric for a double is the longest but for texts: 12 bytes and 6 digits of base 10,000. */
const MAX_FIELD_BYTES = 24
/** Of UTF-8 for a unit of UTF-16. */
const MAX_UNIT_BYTES = 3
const TEXT_OID = 25
/** No flags, no extension. */
const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const NULL_LENGTH = -1
const TRAILER = Uint8Array.of(0xff, 0xff)
/** Postgres counts from here. */
const EPOCH_MS = Date.UTC(2000, 0, 1)
const MAX_SHORT_TEXT = 48
const ENCODER = new TextEncoder()
const NEGATIVE = 0x4000
const NOT_FINITE = { NaN: 0xc000, Infinity: 0xd000, '-Infinity': 0xf000 }

/** Writes a field, its length in front, and returns where the next one begins. */
type WriteField = (view: DataView, at: number, value: never) => number

const WRITERS: Record<string, WriteField> = {
  bigint: writeLong,
  integer: writeInteger,
  smallint: writeShort,
  boolean: writeBoolean,
  numeric: writeNumeric,
  'double precision': writeDouble,
  date: writeDate,
  'timestamp(3) with time zone': writeInstant,
  'timestamp with time zone': writeMicros,
  text: writeText,
  'text[]': writeTexts,
  jsonb: writeJson
}

/**
 * The rows that `rowOf` makes of `members`, in the binary format of COPY, in pieces that can be sent one after another. Throws
 * where a column is of a type that no table needed so far, and RangeError where a value is none of its column's.
 */
export function* binaryRows<Member>(
  columns: readonly (readonly [string, PgColumn])[],
  members: readonly Member[],
  rowOf: (member: Member) => Record<string, unknown>
): Generator<Uint8Array> {
  const fields = columns.map(([key, column]) => ({ key, write: writerOf(column) }))
  const texts = fields.flatMap(({ key, write }) => (BYTES.has(write) ? [{ key, bytesOf: BYTES.get(write)! }] : []))
  const fixedBytes = 2 + fields.length * MAX_FIELD_BYTES
  let view = new DataView(new ArrayBuffer(CHUNK_BYTES))
  let at = 0
  yield HEADER
  for (const member of members) {
    const row = rowOf(member)
    let rowBytes = fixedBytes
    for (const { key, bytesOf } of texts) rowBytes += bytesOf(row[key] as never)
    if (at + rowBytes > view.byteLength) {
      yield new Uint8Array(view.buffer, 0, at)
      view = new DataView(new ArrayBuffer(Math.max(CHUNK_BYTES, rowBytes)))
      at = 0
    }
    view.setInt16(at, fields.length)
    at += 2
    for (const { key, write } of fields) {
      const value = row[key]
      at = value === undefined || value === null ? writeNull(view, at) : write(view, at, value as never)
    }
  }
  yield new Uint8Array(view.buffer, 0, at)
  yield TRAILER
}

const jsonBytes = (value: unknown): number => 1 + (JSON.stringify(value)?.length ?? 0) * MAX_UNIT_BYTES

/** What takes the room that its value needs. */
const BYTES: ReadonlyMap<WriteField, (value: never) => number> = new Map<WriteField, (value: never) => number>([
  [writeText, textBytes],
  [writeTexts, textBytes],
  [writeJson, jsonBytes]
])

/** At most; what is not text has room in the fixed part of its row. */
function textBytes(value: string | readonly string[] | null | undefined): number {
  if (typeof value === 'string') return value.length * MAX_UNIT_BYTES
  return value?.reduce((sum, text) => sum + 4 + text.length * MAX_UNIT_BYTES, 0) ?? 0
}

function writerOf(column: PgColumn): WriteField {
  const writer = WRITERS[column.getSQLType()]
  if (!writer) throw new Error(`${column.name}: there is no binary format for ${column.getSQLType()}`)
  return writer
}

function writeNull(view: DataView, at: number): number {
  view.setInt32(at, NULL_LENGTH)
  return at + 4
}

function writeLong(view: DataView, at: number, value: number): number {
  const high = Math.floor(value / 2 ** 32)
  view.setInt32(at, 8)
  view.setInt32(at + 4, high)
  view.setUint32(at + 8, value - high * 2 ** 32)
  return at + 12
}

function writeInteger(view: DataView, at: number, value: number): number {
  view.setInt32(at, 4)
  view.setInt32(at + 4, value)
  return at + 8
}

function writeShort(view: DataView, at: number, value: number): number {
  view.setInt32(at, 2)
  view.setInt16(at + 4, value)
  return at + 6
}

function writeDouble(view: DataView, at: number, value: number): number {
  view.setInt32(at, 8)
  view.setFloat64(at + 4, value)
  return at + 12
}

/** Short ASCII, as most texts are, costs less than the encoder's call. */
function writeText(view: DataView, at: number, value: string): number {
  const { length } = value
  const start = at + 4
  if (length <= MAX_SHORT_TEXT) {
    let index = 0
    for (let code: number; index < length && (code = value.charCodeAt(index)) < 0x80; index++) {
      view.setUint8(start + index, code)
    }
    if (index === length) {
      view.setInt32(at, length)
      return start + length
    }
  }
  const { written } = ENCODER.encodeInto(value, new Uint8Array(view.buffer, start))
  view.setInt32(at, written)
  return start + written
}

/** Text behind the number of the format. */
function writeJson(view: DataView, at: number, value: unknown): number {
  return writeText(view, at, `\u0001${JSON.stringify(value)}`)
}

/** One dimension, counted from 1, without nulls. */
function writeTexts(view: DataView, at: number, values: readonly string[]): number {
  let end = at + 16
  view.setInt32(at + 4, values.length === 0 ? 0 : 1)
  view.setInt32(at + 8, 0)
  view.setInt32(at + 12, TEXT_OID)
  if (values.length > 0) {
    view.setInt32(at + 16, values.length)
    view.setInt32(at + 20, 1)
    end += 8
  }
  for (const value of values) end = writeText(view, end, value)
  view.setInt32(at, end - at - 4)
  return end
}

function writeBoolean(view: DataView, at: number, value: boolean): number {
  view.setInt32(at, 1)
  view.setInt8(at + 4, value ? 1 : 0)
  return at + 5
}

/** Of many rows the instant is the same. */
let lastInstantText = ''
let lastInstant = 0

function writeInstant(view: DataView, at: number, value: string): number {
  if (value !== lastInstantText) {
    const instant = Date.parse(value)
    if (Number.isNaN(instant)) throw new RangeError(`${value} is no instant`)
    lastInstant = instant
    lastInstantText = value
  }
  return writeLong(view, at, (lastInstant - EPOCH_MS) * 1000)
}

/** Down to the microsecond, which is as far as Postgres counts. */
function writeMicros(view: DataView, at: number, { ms, ns }: InstantNs): number {
  return writeLong(view, at, (ms - EPOCH_MS) * 1000 + Math.floor(ns / 1000))
}

/** Of many rows the date is the same. */
let lastDate = ''
let lastDays = 0

function writeDate(view: DataView, at: number, value: string): number {
  if (value !== lastDate) {
    const instant = Date.parse(value)
    // JavaScript takes the 30th of February for the 1st of March.
    const isDate = instant % DAY_MS === 0 && new Date(instant).getUTCDate() === Number(value.slice(8, 10))
    if (!isDate) throw new RangeError(`${value} is no date`)
    lastDays = (instant - EPOCH_MS) / DAY_MS
    lastDate = value
  }
  view.setInt32(at, 4)
  view.setInt32(at + 4, lastDays)
  return at + 8
}

/**
 * The shortest decimal that names the double, in digits of base 10,000 that are counted from the decimal point: as text
 * it would be the same numeric.
 */
function writeNumeric(view: DataView, at: number, value: number): number {
  if (!Number.isFinite(value)) return writeNotFinite(view, at, value)
  const text = String(Math.abs(value))
  const exponentAt = text.indexOf('e')
  const exponent = exponentAt < 0 ? 0 : Number(text.slice(exponentAt + 1))
  const length = exponentAt < 0 ? text.length : exponentAt
  const pointAt = text.indexOf('.')
  const wholeDigits = (pointAt < 0 ? length : pointAt) + exponent
  const decimals = (pointAt < 0 ? 0 : length - pointAt - 1) - exponent
  const weight = Math.ceil(wholeDigits / 4) - 1

  let end = at + 12
  let group = 0
  let filled = (weight + 1) * 4 - wholeDigits
  for (let index = 0; index < length; index++) {
    if (index === pointAt) continue
    group = group * 10 + text.charCodeAt(index) - 48
    if (++filled < 4) continue
    view.setInt16(end, group)
    end += 2
    group = filled = 0
  }
  if (filled > 0) {
    view.setInt16(end, group * 10 ** (4 - filled))
    end += 2
  }
  view.setInt32(at, end - at - 4)
  view.setInt16(at + 4, (end - at - 12) / 2)
  view.setInt16(at + 6, weight)
  view.setUint16(at + 8, value < 0 ? NEGATIVE : 0)
  view.setInt16(at + 10, Math.max(0, decimals))
  return end
}

function writeNotFinite(view: DataView, at: number, value: number): number {
  view.setInt32(at, 8)
  view.setInt32(at + 4, 0)
  view.setUint16(at + 8, NOT_FINITE[String(value) as keyof typeof NOT_FINITE])
  view.setInt16(at + 10, 0)
  return at + 12
}
