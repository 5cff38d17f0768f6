import { Interval } from '../market/bar.ts'
import { BarState, type BarUpdate, type BarUpdateState } from '../market/event.ts'
import { DAY_MS } from '../market/time.ts'
import { literal, type JsonWriter } from './json-writer.ts'
import { daysOf, formatDay, InstantReader } from './record-clock.ts'
import {
  PROVENANCE_END,
  readProvenance,
  writeProvenance,
  writeProvenanceEnd,
  writeProvenanceJson
} from './record-provenance.ts'
import { Fields, type RecordReader } from './record-reader.ts'
import { isNumber, type RecordWriter } from './record-writer.ts'
import { ROW_AT } from './record.ts'

/**
 * A bar, behind where it comes from (record-provenance.ts):
 *
 *    18  u8   interval in the low 4 bits, state above
 *    19  u8   what it has: a day for a start, volume, complete (which is false then), reason
 *    20  u32  revision
 *    24  f64  timestamp, epoch milliseconds
 *    32  f64  start, epoch milliseconds; midnight UTC of a day
 *    40  f64  open, high, low, close
 *    72  f64  volume
 *        u8   length of the reason, and the reason
 *        the end of where it comes from
 */
const INTERVAL_AT = PROVENANCE_END
const HAS_AT = 19
const REVISION_AT = 20
const TIMESTAMP_AT = 24
const START_AT = 32
const OPEN_AT = 40
const HIGH_AT = 48
const LOW_AT = 56
const CLOSE_AT = 64
const VOLUME_AT = 72
const STATE_BITS = 4
const INTERVAL_MASK = 15
const IS_DAY = 1
const VOLUME = 2
const INCOMPLETE = 4
const REASON = 8
const STATE_NAMES: readonly BarUpdateState[] = BarState.enum
const MAX_REVISION = 2 ** 32 - 1
const startReader = new InstantReader()
const timestampReader = new InstantReader()

/** Writes a bar's record behind its head. False where it cannot. */
export function writeBar(writer: RecordWriter, event: BarUpdate): boolean {
  const { data } = event
  const { bar, revision, reason } = data
  const { open, high, low, close, volume, complete } = bar
  const start = writer.at
  const interval = Interval.enum.indexOf(data.interval)
  // One that was withdrawn stands as JSON: readers of the version before know no such state.
  const state = STATE_NAMES.indexOf(data.state)
  const days = daysOf(bar.start)
  if (!writeProvenance(writer, start, data.provenance) || interval < 0 || state < 0) return false
  if (![open, high, low, close].every(isNumber) || (volume !== undefined && !isNumber(volume))) return false
  if (!(revision >= 0 && revision <= MAX_REVISION && Number.isInteger(revision))) return false
  if (days < 0 && (!startReader.read(bar.start) || startReader.ns !== 0)) return false
  const startsAt = days < 0 ? startReader.ms : days * DAY_MS
  if (!timestampReader.read(data.timestamp) || timestampReader.ns !== 0 || Boolean(complete)) return false

  const { view, bytes } = writer
  let has = days < 0 ? 0 : IS_DAY
  if (volume !== undefined) has |= VOLUME
  if (complete !== undefined) has |= INCOMPLETE
  if (reason !== undefined) has |= REASON
  bytes[start + INTERVAL_AT] = (state << STATE_BITS) | interval
  bytes[start + HAS_AT] = has
  view.setUint32(start + REVISION_AT, revision, true)
  view.setFloat64(start + TIMESTAMP_AT, timestampReader.ms, true)
  view.setFloat64(start + START_AT, startsAt, true)
  view.setFloat64(start + OPEN_AT, open, true)
  view.setFloat64(start + HIGH_AT, high, true)
  view.setFloat64(start + LOW_AT, low, true)
  view.setFloat64(start + CLOSE_AT, close, true)
  writer.at = start + VOLUME_AT
  if (volume !== undefined) writer.f64(volume)
  if (reason !== undefined && !writer.text(reason)) return false
  return writeProvenanceEnd(writer, data.provenance)
}

/** The numbers that clients of the binary protocol get. */
export function numberOfBar({ view, bytes }: RecordReader, start: number, at: number): number {
  if (at === 0) return view.getFloat64(start + START_AT, true)
  if (at === 5 && !(bytes[start + HAS_AT]! & VOLUME)) return Number.NaN
  return view.getFloat64(start + OPEN_AT + 8 * (at - 1), true)
}

/** Epoch milliseconds. */
export const asOfOfBar = ({ view }: RecordReader, start: number): number => view.getFloat64(start + TIMESTAMP_AT, true)

/** Writes the event, without its closing brace. */
export function writeBarJson(json: JsonWriter, entry: RecordReader, start: number): void {
  const { bytes, view } = entry
  const has = bytes[start + HAS_AT]!
  const code = bytes[start + INTERVAL_AT]!
  const startsAt = view.getFloat64(start + START_AT, true)
  const fields = new Fields(entry, start + VOLUME_AT)
  json.put(BAR)
  json.text(bytes, entry.textAt(view.getUint16(start + ROW_AT, true)))
  json.put(INTERVALS[code & INTERVAL_MASK]!)
  if (has & IS_DAY) json.ascii(`"${formatDay(startsAt / DAY_MS)}"`)
  else json.instant(startsAt, 0)
  for (const [at, key] of PRICES.entries()) {
    json.put(key)
    json.number(view.getFloat64(start + OPEN_AT + 8 * at, true))
  }
  if (has & VOLUME) {
    json.put(VOLUME_KEY)
    json.number(fields.f64())
  }
  if (has & INCOMPLETE) json.put(INCOMPLETE_JSON)
  json.put(STATES[code >>> STATE_BITS]!)
  json.number(view.getUint32(start + REVISION_AT, true))
  if (has & REASON) {
    json.put(REASON_KEY)
    json.text(bytes, fields.skipText())
  }
  json.put(PROVENANCE)
  writeProvenanceJson(json, entry, start, fields)
  json.put(TIMESTAMP)
  json.instant(view.getFloat64(start + TIMESTAMP_AT, true), 0)
  json.put(END)
}

const BAR = literal('{"type":"bar_update","data":{"symbol":')
const INTERVALS = Interval.enum.map((interval) => literal(`,"interval":"${interval}","bar":{"start":`))
const PRICES = ['open', 'high', 'low', 'close'].map((key) => literal(`,"${key}":`))
const VOLUME_KEY = literal(',"volume":')
const INCOMPLETE_JSON = literal(',"complete":false')
const STATES = BarState.enum.map((state) => literal(`},"state":"${state}","revision":`))
const REASON_KEY = literal(',"reason":')
const PROVENANCE = literal(',"provenance":')
const TIMESTAMP = literal('},"timestamp":')
const END = literal('}')

export function readBar(entry: RecordReader, start: number): BarUpdate {
  const { bytes, view } = entry
  const has = bytes[start + HAS_AT]!
  const code = bytes[start + INTERVAL_AT]!
  const fields = new Fields(entry, start + VOLUME_AT)
  const number = (at: number) => view.getFloat64(start + at, true)
  const startsAt = number(START_AT)
  const bar = {
    start: has & IS_DAY ? formatDay(startsAt / DAY_MS) : new Date(startsAt).toISOString(),
    open: number(OPEN_AT),
    high: number(HIGH_AT),
    low: number(LOW_AT),
    close: number(CLOSE_AT),
    ...((has & VOLUME) !== 0 && { volume: fields.f64() }),
    ...((has & INCOMPLETE) !== 0 && { complete: false as const })
  }
  const reason = has & REASON ? fields.text() : undefined
  return {
    type: 'bar_update',
    data: {
      symbol: entry.textOf(view.getUint16(start + 4, true)),
      interval: Interval.enum[code & INTERVAL_MASK]!,
      bar,
      state: BarState.enum[code >>> STATE_BITS]!,
      revision: view.getUint32(start + REVISION_AT, true),
      ...(reason !== undefined && { reason }),
      provenance: readProvenance(entry, start, fields),
      timestamp: new Date(number(TIMESTAMP_AT)).toISOString()
    }
  }
}
