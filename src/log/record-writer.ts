const FIRST_BYTES = 4096
const MAX_STRINGS = 255
/** A text within a record is no longer; what is goes as JSON. */
const MAX_TEXT_BYTES = 255
/** Stands where a record has no string. */
export const NO_STRING = 255

/**
 * Memory that records of one entry are written into, one behind the other, and the strings that they share. Methods that
 * cannot write what they are given return false or -1: the record is then written as JSON.
 */
export class RecordWriter {
  bytes: Buffer
  view: DataView
  at = 0
  /** Epoch milliseconds, whole: records tell instants by their distance from it. */
  base = 0
  readonly strings = new Map<string, number>()

  constructor() {
    this.bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
    this.view = new DataView(this.bytes.buffer)
  }

  /** Makes room for so many bytes more. */
  reserve(bytes: number): void {
    const needed = this.at + bytes
    if (needed <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
    this.bytes.copy(grown, 0, 0, this.at)
    this.bytes = grown
    this.view = new DataView(grown.buffer)
  }

  /** Begins a new entry. Memory that one large record needed is given back. */
  clear(maxKeptBytes: number): void {
    this.at = 0
    this.strings.clear()
    if (this.bytes.length <= maxKeptBytes) return
    this.bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
    this.view = new DataView(this.bytes.buffer)
  }

  /** The place of a string that many records have, such as a venue, in the entry's table; NO_STRING where there is none. */
  stringOf(text: string | undefined): number {
    if (text === undefined) return NO_STRING
    const known = this.strings.get(text)
    if (known !== undefined) return known
    const { size } = this.strings
    if (size >= MAX_STRINGS || !text.isWellFormed() || Buffer.byteLength(text) > MAX_TEXT_BYTES) return -1
    this.strings.set(text, size)
    return size
  }

  u8(value: number): void {
    this.bytes[this.at++] = value
  }

  i32(value: number): void {
    this.view.setInt32(this.at, value, true)
    this.at += 4
  }

  /** A whole number below 2^48. */
  u48(value: number): void {
    const low = value >>> 0
    this.view.setUint32(this.at, low, true)
    this.view.setUint16(this.at + 4, (value - low) / 2 ** 32, true)
    this.at += 6
  }

  f64(value: number): void {
    this.view.setFloat64(this.at, value, true)
    this.at += 8
  }

  /** Its length in one byte, then UTF-8. */
  text(text: string): boolean {
    const { bytes } = this
    const { length } = text
    if (length > MAX_TEXT_BYTES) return false
    const start = this.at + 1
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code > 0x7f) return this.#unicode(text)
      bytes[start + index] = code
    }
    bytes[this.at] = length
    this.at = start + length
    return true
  }

  #unicode(text: string): boolean {
    const length = Buffer.byteLength(text)
    if (length > MAX_TEXT_BYTES || !text.isWellFormed()) return false
    this.bytes[this.at] = length
    this.bytes.write(text, this.at + 1)
    this.at += 1 + length
    return true
  }
}

export function bitCount(bits: number): number {
  let count = 0
  for (let left = bits; left !== 0; left &= left - 1) count++
  return count
}

export const isNumber = (value: unknown): value is number => typeof value === 'number'
