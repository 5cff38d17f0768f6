import { instantDigits, type InstantDigits } from './record-clock.ts'

const ZERO = 0x30
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const POINT = 0x2e
const MINUS = 0x2d
const FIRST_PRINTABLE = 0x20
/** Shorter ones are copied byte by byte: a call costs as much. */
const MIN_CALL_BYTES = 20
/** Decimals of up to 15 digits are the shortest that name their number. */
const MAX_DIGITS = 1e15
const SCALES = [100, 10_000, 1_000_000]
const DECIMALS = [2, 4, 6]
const CHUNK = 1_000_000
const CHUNK_DIGITS = 6

/** JSON that stands in every event of a kind. */
export const literal = (json: string): Uint8Array => Buffer.from(json)

const NULL = literal('null')
const MILLIS = Uint8Array.from({ length: 3000 }, (_, at) =>
  String(Math.floor(at / 3))
    .padStart(3, '0')
    .charCodeAt(at % 3)
)

/**
 * Writes JSON as JSON.stringify does, byte for byte, straight into the memory that it is sent from: without a string for
 * any part of it. Whoever writes makes sure that there is room.
 */
export class JsonWriter {
  target: Buffer = Buffer.alloc(0)
  at = 0

  begin(target: Buffer, at: number): void {
    this.target = target
    this.at = at
  }

  put(json: Uint8Array): void {
    const { target, at } = this
    const { length } = json
    if (length >= MIN_CALL_BYTES) target.set(json, at)
    else for (let index = 0; index < length; index++) target[at + index] = json[index]!
    this.at = at + length
  }

  ascii(text: string): void {
    const { target, at } = this
    for (let index = 0; index < text.length; index++) target[at + index] = text.charCodeAt(index)
    this.at = at + text.length
  }

  /** A string in UTF-8 whose length stands in a byte before it. */
  text(bytes: Uint8Array, lengthAt: number): void {
    const { target } = this
    let { at } = this
    const end = lengthAt + 1 + bytes[lengthAt]!
    target[at++] = QUOTE
    for (let from = lengthAt + 1; from < end; from++) {
      const byte = bytes[from]!
      if (byte < FIRST_PRINTABLE || byte === QUOTE || byte === BACKSLASH) return this.#escaped(bytes, lengthAt + 1, end)
      target[at++] = byte
    }
    target[at] = QUOTE
    this.at = at + 1
  }

  #escaped(bytes: Uint8Array, from: number, to: number): void {
    this.put(Buffer.from(JSON.stringify(Buffer.from(bytes.subarray(from, to)).toString())))
  }

  /** Several strings behind their number; returns where they end. */
  texts(bytes: Uint8Array, countAt: number): number {
    let from = countAt + 1
    this.target[this.at++] = 0x5b
    for (let left = bytes[countAt]!; left > 0; left--) {
      this.text(bytes, from)
      from += 1 + bytes[from]!
      if (left > 1) this.target[this.at++] = COMMA
    }
    this.target[this.at++] = 0x5d
    return from
  }

  number(value: number): void {
    if (Number.isInteger(value) && value > -MAX_DIGITS && value < MAX_DIGITS) return this.#signed(value)
    for (let at = 0; at < SCALES.length; at++) {
      const scale = SCALES[at]!
      const scaled = Math.round(value * scale)
      if (!(scaled > -MAX_DIGITS && scaled < MAX_DIGITS)) break
      if (value === scaled / scale) return this.#decimal(scaled, DECIMALS[at]!)
    }
    if (Number.isFinite(value)) this.ascii(`${value}`)
    else this.put(NULL)
  }

  /** Epoch milliseconds, and nanoseconds beyond, as RFC 3339. */
  instant(ms: number, ns: number): void {
    const { target } = this
    const { prefix, milli }: InstantDigits = instantDigits(ms)
    this.target[this.at++] = QUOTE
    this.put(prefix)
    this.#three(milli)
    if (ns !== 0) {
      this.#three(Math.floor(ns / 1000))
      if (ns % 1000 !== 0) this.#three(ns % 1000)
    }
    target[this.at++] = 0x5a
    target[this.at++] = QUOTE
  }

  #three(number: number): void {
    const { target, at } = this
    target[at] = MILLIS[number * 3]!
    target[at + 1] = MILLIS[number * 3 + 1]!
    target[at + 2] = MILLIS[number * 3 + 2]!
    this.at = at + 3
  }

  #signed(value: number): void {
    if (value < 0) this.target[this.at++] = MINUS
    this.#whole(Math.abs(value))
  }

  /** Of a whole number below 2^53. */
  #whole(value: number): void {
    if (value >= CHUNK) {
      const high = Math.floor(value / CHUNK)
      this.#whole(high)
      return this.#padded(value - high * CHUNK)
    }
    let digits = 1
    for (let limit = 10; limit <= value; limit *= 10) digits++
    this.#digits(value, digits)
  }

  #padded(value: number): void {
    this.#digits(value, CHUNK_DIGITS)
  }

  #digits(value: number, count: number): void {
    const { target, at } = this
    let left = value | 0
    for (let index = at + count - 1; index >= at; index--) {
      const rest = (left / 10) | 0
      target[index] = ZERO + left - rest * 10
      left = rest
    }
    this.at = at + count
  }

  /** A number of so many decimals, given as a whole one, without the zeros at its end. */
  #decimal(scaled: number, decimals: number): void {
    const { target } = this
    const scale = 10 ** decimals
    const value = Math.abs(scaled)
    const whole = Math.floor(value / scale)
    if (scaled < 0) target[this.at++] = MINUS
    this.#whole(whole)
    target[this.at++] = POINT
    this.#digits(value - whole * scale, decimals)
    while (target[this.at - 1] === ZERO) this.at--
  }
}
