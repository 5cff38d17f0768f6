/**
 * Instants and days as records and frames write them, quickly: of the many in a turn most lie in the same day and second.
 */
const DAY_MS = 86_400_000
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

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO
  const ones = text.charCodeAt(at + 1) - ZERO
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones
}

/** The instant that was read last. */
export const instant = { ms: 0, ns: 0 }

let dayKey = -1
let dayMs = 0

/**
 * Reads an instant into `instant` (epoch milliseconds, and nanoseconds beyond). False for texts that are not as formatInstant
 * writes them: it must give the same text back.
 */
export function readInstant(text: string): boolean {
  const { length } = text
  if (length !== 24 && length !== 27 && length !== 30) return false
  if (text.charCodeAt(length - 1) !== 0x5a || text.charCodeAt(10) !== 0x54 || text.charCodeAt(19) !== 0x2e) return false
  if (text.charCodeAt(13) !== 0x3a || text.charCodeAt(16) !== 0x3a) return false
  const hour = twoDigits(text, 11)
  const minute = twoDigits(text, 14)
  const second = twoDigits(text, 17)
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return false
  const fraction = digits(text, 20, length - 21)
  if (fraction < 0 || !readDay(text)) return false
  let ms = fraction
  let ns = 0
  if (length === 27) {
    ms = Math.floor(fraction / 1000)
    ns = (fraction % 1000) * 1000
  } else if (length === 30) {
    ms = Math.floor(fraction / 1_000_000)
    ns = fraction % 1_000_000
  }
  // Digits that say nothing are not written.
  if ((length === 27 && ns === 0) || (length === 30 && ns % 1000 === 0)) return false
  instant.ms = dayMs + ((hour * 60 + minute) * 60 + second) * 1000 + ms
  instant.ns = ns
  return true
}

/** Reads the day that a text begins with into `dayMs`. */
function readDay(text: string): boolean {
  const century = twoDigits(text, 0)
  const year = century * 100 + twoDigits(text, 2)
  const month = twoDigits(text, 5)
  const day = twoDigits(text, 8)
  if (century < 0 || year < century * 100 || month < 0 || day < 0) return false
  if (text.charCodeAt(4) !== 0x2d || text.charCodeAt(7) !== 0x2d) return false
  const key = (year * 16 + month) * 32 + day
  if (key === dayKey) return true
  if (!(month >= 1 && month <= 12 && day >= 1)) return false
  const ms = new Date(0).setUTCFullYear(year, month - 1, day)
  if (new Date(ms).getUTCDate() !== day) return false
  dayKey = key
  dayMs = ms
  return true
}

/** A date (YYYY-MM-DD) as days since 1970; -1 where it is none, or too far away. */
export function daysOf(date: string): number {
  if (date.length !== 10 || !readDay(date)) return -1
  const days = dayMs / DAY_MS
  return days <= MAX_DAY ? days : -1
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
