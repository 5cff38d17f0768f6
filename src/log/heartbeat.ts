import { EPOCH_BYTES } from './cursor.ts'
import type { EntryId } from './entry-position.ts'
import { COUNT_AT, ENTRY_HEAD_BYTES, VERSION, writeEntryHead } from './entry-builder.ts'

/** What a producer says of itself in a shard that it has written to, whether or not it has an event. */
export type Heartbeat = {
  /** The life of the log that it writes to now. */
  readonly epoch: string
  /** Where its entry before this one was; undefined where it knows of none. */
  readonly before: EntryId | undefined
  /** Nothing of it comes any more. */
  readonly isLast: boolean
}

/**
 * A heartbeat is an entry without records. Behind the head of an entry it has, little-endian:
 *
 *    36  u8   flags
 *    37  u48  epoch
 *    43  f64  first number of the id of the entry before
 *    51  f64  second number
 */
const FLAGS_AT = ENTRY_HEAD_BYTES
const EPOCH_AT = FLAGS_AT + 1
const BEFORE_AT = EPOCH_AT + EPOCH_BYTES
const HEARTBEAT_BYTES = BEFORE_AT + 16
const IS_LAST = 1
const HAS_BEFORE = 2

/** The entry, not signed yet. */
export function heartbeatEntry({ epoch, before, isLast }: Heartbeat): Buffer {
  const entry = Buffer.alloc(HEARTBEAT_BYTES)
  const now = Date.now()
  writeEntryHead(entry, { count: 0, appendedAt: now, base: now, recordsAt: HEARTBEAT_BYTES, rows: 0, strings: 0 })
  entry[FLAGS_AT] = (isLast ? IS_LAST : 0) + (before ? HAS_BEFORE : 0)
  entry.write(epoch, EPOCH_AT, EPOCH_BYTES, 'hex')
  entry.writeDoubleLE(before?.idHigh ?? 0, BEFORE_AT)
  entry.writeDoubleLE(before?.idLow ?? 0, BEFORE_AT + 8)
  return entry
}

/** Undefined for every other entry. */
export function heartbeatIn(entry: Buffer): Heartbeat | undefined {
  const isOne = entry.length === HEARTBEAT_BYTES && entry[0] === VERSION && entry.readUInt16LE(COUNT_AT) === 0
  if (!isOne) return undefined
  const flags = entry[FLAGS_AT]!
  const before = { idHigh: entry.readDoubleLE(BEFORE_AT), idLow: entry.readDoubleLE(BEFORE_AT + 8) }
  return {
    epoch: entry.toString('hex', EPOCH_AT, BEFORE_AT),
    before: flags & HAS_BEFORE ? before : undefined,
    isLast: (flags & IS_LAST) !== 0
  }
}
