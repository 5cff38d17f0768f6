import { DAY_MS } from '../market/time.ts'

/**
 * Instants and days as records and frames write them, quickly: of the many in a turn most lie in the same day and second.
 */
const ZERO = 0x30
const MAX_DAY = 0xff_ff
const SLOTS = 8

/** Some digits as a number; -1 where others stand there. */
function digits(text: string, at: number, count: number): number {
  let value = 0
  for (let index = at; index < at + count; index++) {
    const digit = text.charCodeAt(index) - ZERO
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}

/** The same of three digits: by far most of what is read. */
function threeDigits(text: string, at: number): number {
  const hundreds = text.charCodeAt(at) - ZERO
  const tens = text.charCodeAt(at + 1) - ZERO
  const ones = text.charCodeAt(at + 2) - ZERO
  const isNumber = hundreds >>> 0 <= 9 && tens >>> 0 <= 9 && ones >>> 0 <= 9
  return isNumber ? hundreds * 100 + tens * 10 + ones : -1
}

/** Up to its second, without the point: `2026-11-30T14:30:00` */
const SECOND_LENGTH = 19
const MS_AT = 20
const MICROS_AT = 23
const NANOS_AT = 26

/**
 * Reads instants one after the other. Each reader is for instants of one meaning: those follow each other so closely that
 * most of a text is that of the last one.
 */
export class InstantReader {
  /** What was read last, epoch milliseconds. */
  ms = 0
  /** Nanoseconds beyond. */
  ns = 0
  /** None yet: an empty one is no instant. */
  #text: string | undefined
  /** The second of what was read last, with the point; and what sorts right behind all texts that begin so. */
  #second = ''
  #behindSecond = ''
  #secondMs = 0

  /** False for texts that are not as formatInstantNs writes them: what was read must give the same text back. */
  read(text: string): boolean {
    return text === this.#text || this.#readAnother(text)
  }

  #readAnother(text: string): boolean {
    const { length } = text
    if ((length !== 24 && length !== 27 && length !== 30) || text.charCodeAt(length - 1) !== 0x5a) return false
    // Comparing order takes a fifth of the time of startsWith.
    const isSameSecond = text >= this.#second && text < this.#behindSecond
    if (!isSameSecond && !this.#readSecond(text)) return false
    const ms = threeDigits(text, MS_AT)
    const micros = length > 24 ? threeDigits(text, MICROS_AT) : 0
    const nanos = length === 30 ? threeDigits(text, NANOS_AT) : 0
    if (ms < 0 || micros < 0 || nanos < 0) return false
    // Digits that say nothing are not written.
    if ((length === 27 && micros === 0) || (length === 30 && nanos === 0)) return false
    this.#text = text
    this.ms = this.#secondMs + ms
    this.ns = micros * 1000 + nanos
    return true
  }

  #readSecond(text: string): boolean {
    if (text.charCodeAt(10) !== 0x54 || text.charCodeAt(19) !== 0x2e) return false
    if (text.charCodeAt(13) !== 0x3a || text.charCodeAt(16) !== 0x3a) return false
    const hour = digits(text, 11, 2)
    const minute = digits(text, 14, 2)
    const second = digits(text, 17, 2)
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return false
    const days = daysIn(text)
    if (Number.isNaN(days)) return false
    this.#secondMs = days * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000
    const told = text.slice(0, SECOND_LENGTH)
    this.#second = `${told}.`
    this.#behindSecond = `${told}/`
    return true
  }
}

/** Days since 1970 of the date that a text begins with; NaN where it is none. */
function daysIn(text: string): number {
  const year = digits(text, 0, 4)
  const month = digits(text, 5, 2)
  const day = digits(text, 8, 2)
  if (year < 0 || month < 1 || month > 12 || day < 1) return Number.NaN
  if (text.charCodeAt(4) !== 0x2d || text.charCodeAt(7) !== 0x2d) return Number.NaN
  const ms = new Date(0).setUTCFullYear(year, month - 1, day)
  return new Date(ms).getUTCDate() === day ? ms / DAY_MS : Number.NaN
}

let lastDate = ''
let lastDays = -1

/** A date (YYYY-MM-DD) as days since 1970; -1 where it is none, or too far away. */
export function daysOf(date: string): number {
  if (date === lastDate) return lastDays
  const days = date.length === 10 ? daysIn(date) : -1
  lastDays = days >= 0 && days <= MAX_DAY ? days : -1
  lastDate = date
  return lastDays
}

/** What an instant's text begins with up to its second, and the milliseconds that follow. Overwritten by the next one. */
export type InstantDigits = { prefix: Uint8Array; milli: number }

const NOTHING = new Uint8Array()
const secondsHeld = new Float64Array(SLOTS).fill(Number.NaN)
const secondTexts: Uint8Array[] = Array.from({ length: SLOTS }, () => NOTHING)
const daysHeld = new Int32Array(SLOTS).fill(-1)
const dayTexts = Array.from<string>({ length: SLOTS }).fill('')
const made: InstantDigits = { prefix: NOTHING, milli: 0 }

export function instantDigits(ms: number): InstantDigits {
  const second = Math.floor(ms / 1000)
  const slot = second & (SLOTS - 1)
  if (secondsHeld[slot] !== second) {
    secondTexts[slot] = Buffer.from(new Date(second * 1000).toISOString().slice(0, 20))
    secondsHeld[slot] = second
  }
  made.prefix = secondTexts[slot]!
  made.milli = ms - second * 1000
  return made
}

/** A date (YYYY-MM-DD) of days since 1970. */
export function formatDay(days: number): string {
  const slot = days & (SLOTS - 1)
  if (daysHeld[slot] !== days) {
    dayTexts[slot] = new Date(days * DAY_MS).toISOString().slice(0, 10)
    daysHeld[slot] = days
  }
  return dayTexts[slot]!
}
