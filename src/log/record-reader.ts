import type { JsonWriter } from './json-writer.ts'
import { NO_STRING } from './record-writer.ts'

/** What those who read records need of the entry that a record stands in. */
export interface RecordReader {
  readonly bytes: Buffer
  readonly view: DataView
  /** Epoch milliseconds: instants are told by their distance from it. */
  readonly base: number
  /** Where the length of the text of a row stands, and behind it the text: the symbol, where the topic has one. */
  textAt(row: number): number
  textOf(row: number): string
  /** Where the length of a string of the entry's table stands, and behind it the string. */
  stringAt(number: number): number
  string(number: number): string
}

/** Writes a member that is one of the entry's strings, where the record has it. */
export function writeString(json: JsonWriter, key: Uint8Array, entry: RecordReader, string: number): void {
  if (string === NO_STRING) return
  json.put(key)
  json.text(entry.bytes, entry.stringAt(string))
}

/** A record that is not JSON: `start` is where it begins in its entry's bytes. */
export type PackedRecord = { readonly entry: RecordReader; readonly start: number }

/** Whether two texts, each behind its length in one byte, are the same. */
export function isSameText(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): boolean {
  const length = a[aAt]!
  for (let at = 0; at <= length; at++) if (a[aAt + at] !== b[bAt + at]) return false
  return true
}

/** Walks through the fields behind a record's fixed ones. */
export class Fields {
  readonly #view: DataView
  readonly #bytes: Buffer
  #at: number

  constructor({ view, bytes }: Pick<RecordReader, 'view' | 'bytes'>, at: number) {
    this.#view = view
    this.#bytes = bytes
    this.#at = at
  }

  f64(): number {
    const value = this.#view.getFloat64(this.#at, true)
    this.#at += 8
    return value
  }

  u48(): number {
    const value = this.#bytes.readUIntLE(this.#at, 6)
    this.#at += 6
    return value
  }

  /** Small numbers behind their number. */
  smalls(): number[] {
    const start = this.#at + 1
    this.#at = start + this.#bytes[this.#at]!
    return [...this.#bytes.subarray(start, this.#at)]
  }

  text(): string {
    const start = this.#at + 1
    this.#at = start + this.#bytes[this.#at]!
    return this.#bytes.toString('utf8', start, this.#at)
  }

  texts(): string[] {
    const texts: string[] = []
    for (let left = this.#bytes[this.#at++]!; left > 0; left--) texts.push(this.text())
    return texts
  }

  /** Where a text's length stands; goes on behind the text. */
  skipText(): number {
    const at = this.#at
    this.#at += 1 + this.#bytes[at]!
    return at
  }

  /** Where the number of rows of so many bytes stands; goes on behind them. */
  skipRows(bytes: number): number {
    const at = this.#at
    this.#at += 1 + this.#bytes[at]! * bytes
    return at
  }

  /** JSON that was taken over as it was. */
  json(): Buffer {
    const start = this.#at + 2
    this.#at = start + this.#view.getUint16(this.#at, true)
    return this.#bytes.subarray(start, this.#at)
  }
}
