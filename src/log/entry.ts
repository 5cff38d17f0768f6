import { EntryVersion1, VERSION_1 } from './entry-version-1.ts'
import { EntryVersion2 } from './entry-version-2.ts'
import { VERSION } from './entry-builder.ts'
import type { EntryPlace, LogEntry } from './log-entry.ts'

/** Reads an entry. Throws RangeError for bytes that this version cannot read in full. */
export function readEntry({ shard, idMs, idSeq }: EntryPlace, bytes: Buffer): LogEntry {
  if (bytes[0] === VERSION) return new EntryVersion2({ shard, idMs, idSeq }, bytes)
  if (bytes[0] === VERSION_1) return new EntryVersion1({ shard, idMs, idSeq }, bytes)
  throw new RangeError(`an entry of version ${bytes[0]}`)
}

/** Appears in the place of what somebody else wrote: it has no records. */
export const foreignEntry = (place: EntryPlace): LogEntry => new EntryVersion1(place, NO_RECORDS)

const NO_RECORDS = Buffer.from([VERSION_1, ...new Uint8Array(15)])

/**
 * Makes an entry unlike every other one, those with the same events too: after a connection was lost its producer finds
 * out by it whether the log holds it. `number` modulo 256.
 */
export function signEntry(entry: Buffer, producer: number, number: number): void {
  entry[1] = number
  entry.writeUInt32LE(producer, 4)
}
