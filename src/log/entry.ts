import { RECORD_HEAD_BYTES, NUMBERS_OF_KIND, type RecordKind } from './record.ts'

/**
 * One stream entry: what one process appended in one turn of its event loop, little-endian:
 *
 *     0  u8   version
 *     1  u8   which entry of its producer in this shard it is, modulo 256
 *     2  u16  number of records
 *     4  u32  the producer: a number that a process draws when it opens the log
 *     8  f64  when it was appended, epoch ms with fractions
 *     16 …    the records, one after the other
 */
const VERSION = 1
const ENTRY_HEAD_BYTES = 16

/** Above this an append is split: readers hold entries whole. A single larger record still goes, alone. */
export const MAX_ENTRY_BYTES = 64 * 1024

/** Records one behind the other, not more than fit into an entry. */
export type Piece = { readonly bytes: Buffer; readonly count: number }

/** Joins pieces into one entry. `appendedAt` in epoch milliseconds. */
export function joinEntry(pieces: readonly Piece[], appendedAt: number): Buffer {
  const head = Buffer.alloc(ENTRY_HEAD_BYTES)
  head[0] = VERSION
  head.writeUInt16LE(
    pieces.reduce((sum, { count }) => sum + count, 0),
    2
  )
  head.writeDoubleLE(appendedAt, 8)
  return Buffer.concat([head, ...pieces.map(({ bytes }) => bytes)])
}

/** Joins records into entries, in order. `appendedAt` in epoch milliseconds. */
export function packEntries(records: readonly Buffer[], appendedAt: number): Buffer[] {
  const entries: Buffer[] = []
  let pieces: Piece[] = []
  let bytes = 0
  const close = () => {
    if (pieces.length > 0) entries.push(joinEntry(pieces, appendedAt))
    pieces = []
    bytes = 0
  }
  for (const record of records) {
    if (bytes + record.length > MAX_ENTRY_BYTES) close()
    pieces.push({ bytes: record, count: 1 })
    bytes += record.length
  }
  close()
  return entries
}

/**
 * Makes an entry unlike every other one, those with the same events too: after a connection was lost its producer finds
 * out by it whether the log holds it. `number` modulo 256.
 */
export function signEntry(entry: Buffer, producer: number, number: number): void {
  entry[1] = number
  entry.writeUInt32LE(producer, 4)
}

/** An entry as read. Records are looked at in place; nothing is copied and no JSON is parsed. */
export class LogEntry {
  readonly shard: number
  readonly idMs: number
  readonly idSeq: number
  readonly bytes: Buffer
  readonly count: number
  /** The place of the first record within the entry as it stands in the log. */
  readonly firstIndex: number
  readonly #starts: number[] = []

  /** Throws RangeError for bytes that this version cannot read in full. */
  constructor(shard: number, idMs: number, idSeq: number, bytes: Buffer, firstIndex = 0) {
    if (bytes.length < ENTRY_HEAD_BYTES || bytes[0] !== VERSION) throw new RangeError('not an entry of this version')
    this.shard = shard
    this.idMs = idMs
    this.idSeq = idSeq
    this.bytes = bytes
    this.firstIndex = firstIndex
    this.count = bytes.readUInt16LE(2)
    let start = ENTRY_HEAD_BYTES
    for (let index = 0; index < this.count; index++) {
      this.#starts.push(start)
      start += lengthOfRecord(bytes, start)
    }
    this.#starts.push(start)
  }

  /** What stands at a place of the log where somebody else wrote: it has no records. */
  static foreign(shard: number, idMs: number, idSeq: number): LogEntry {
    return new LogEntry(shard, idMs, idSeq, NO_RECORDS)
  }

  /** Epoch milliseconds, with fractions. */
  get appendedAt(): number {
    return this.bytes.readDoubleLE(8)
  }

  kind(index: number): RecordKind {
    return this.bytes[this.#starts[index]! + 4] as RecordKind
  }

  /** One of STATE_CODES; 0 where the kind has none. */
  stateCode(index: number): number {
    return this.bytes[this.#starts[index]! + 6]!
  }

  receivedAt(index: number): number {
    return this.bytes.readDoubleLE(this.#starts[index]! + 8)
  }

  topic(index: number): string {
    const start = this.#topicStart(index)
    return this.bytes.toString('latin1', start, start + this.bytes[this.#starts[index]! + 5]!)
  }

  numbersStart(index: number): number {
    return this.#starts[index]! + RECORD_HEAD_BYTES
  }

  /** Where the JSON begins; it lacks its closing brace. */
  jsonStart(index: number): number {
    return this.#topicStart(index) + this.bytes[this.#starts[index]! + 5]!
  }

  jsonEnd(index: number): number {
    return this.#starts[index + 1]!
  }

  /** A copy of one record, as an entry that does not keep the others in memory. */
  only(index: number): LogEntry {
    const record = this.bytes.subarray(this.#starts[index], this.#starts[index + 1])
    const [bytes] = packEntries([record], this.appendedAt)
    return new LogEntry(this.shard, this.idMs, this.idSeq, bytes!, this.firstIndex + index)
  }

  #topicStart(index: number): number {
    return this.numbersStart(index) + NUMBERS_OF_KIND[this.kind(index)] * 8
  }
}

const NO_RECORDS = Buffer.alloc(ENTRY_HEAD_BYTES)
NO_RECORDS[0] = VERSION

function lengthOfRecord(bytes: Buffer, start: number): number {
  if (start + RECORD_HEAD_BYTES > bytes.length) throw new RangeError('a record of the log is cut off')
  const length = bytes.readUInt32LE(start)
  const numbers = NUMBERS_OF_KIND[bytes[start + 4] as RecordKind] as number | undefined
  if (numbers === undefined) throw new RangeError('a record of the log is of an unknown kind')
  const isWhole = length >= RECORD_HEAD_BYTES + numbers * 8 + bytes[start + 5]! && start + length <= bytes.length
  if (!isWhole) throw new RangeError('a record of the log is cut off')
  return length
}
