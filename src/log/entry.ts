import { EntryVersion1, VERSION_1 } from './entry-version-1.ts'
import { EntryVersion2 } from './entry-version-2.ts'
import { VERSION } from './entry-builder.ts'
import type { EntryPlace, LogEntry } from './log-entry.ts'

/** Reads an entry. Throws RangeError for bytes that this version cannot read in full. */
export function readEntry({ shard, idHigh, idLow }: EntryPlace, bytes: Buffer): LogEntry {
  if (bytes[0] === VERSION) return new EntryVersion2({ shard, idHigh, idLow }, bytes)
  if (bytes[0] === VERSION_1) return new EntryVersion1({ shard, idHigh, idLow }, bytes)
  throw new RangeError(`an entry of version ${bytes[0]}`)
}

/** Appears in the place of what somebody else wrote: it has no records. */
export const foreignEntry = (place: EntryPlace): LogEntry => new EntryVersion1(place, NO_RECORDS)

export const isForeign = ({ bytes }: LogEntry): boolean => bytes === NO_RECORDS

const NO_RECORDS = Buffer.from([VERSION_1, ...new Uint8Array(15)])

/** Bytes of an entry up to the end of its signature. */
export const SIGNED_BYTES = 8
/** Which entry of its producer in its shard one is, modulo this. */
export const SIGNATURE_NUMBERS = 0x1_00_00

/**
 * Makes an entry unlike every other one, those with the same events too: after a connection was lost its producer finds
 * out by it whether the log holds it, and followers find out whether they have read all of a producer's.
 */
export function signEntry(entry: Buffer, producer: number, number: number): void {
  entry[1] = number & 0xff
  entry.writeUInt32LE((((producer & 0xff_ff_ff) << 8) | ((number >>> 8) & 0xff)) >>> 0, 4)
}

export function signatureOf(entry: Buffer): { producer: number; number: number } {
  const signed = entry.readUInt32LE(4)
  return { producer: signed >>> 8, number: ((signed & 0xff) << 8) | entry[1]! }
}
