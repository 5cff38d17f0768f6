import { isoOf } from './time.ts'

/**
 * An instant to the nanosecond, in two numbers, for no JavaScript number holds the nanoseconds since 1970 exactly: epoch
 * milliseconds (an integer, rounded down) and the nanoseconds within that millisecond (0 to 999,999).
 */
export type InstantNs = { readonly ms: number; readonly ns: number }

const DAY_LENGTH = 'YYYY-MM-DD'.length
const SECOND_LENGTH = 'YYYY-MM-DDTHH:MM:SS'.length
const [ZERO, COLON, DOT, T, Z] = ['0', ':', '.', 'T', 'Z'].map((each) => each.charCodeAt(0))
const RFC_3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/

/**
 * Reads an RFC 3339 text with up to nine digits of a second. Undefined for anything else: dates that do not exist, more
 * digits, texts without an offset. A leap second is the one after it, as vendors that smear count it.
 */
export function parseInstantNs(text: string): InstantNs | undefined {
  return ofKnownDay(text) ?? parseAnew(text)
}

/** The day that was read last: instants that follow each other mostly are of one. */
let knownDay = '-'
let knownMidnight = 0

/** Undefined for another day, and for anything that is not written as instants are here: in UTC, with three digits or more. */
function ofKnownDay(text: string): InstantNs | undefined {
  const end = text.length - 1
  const digits = end - SECOND_LENGTH - 1
  if (digits < 3 || digits > 9 || !text.startsWith(knownDay)) return undefined
  const isSpelt =
    text.charCodeAt(10) === T &&
    text.charCodeAt(13) === COLON &&
    text.charCodeAt(16) === COLON &&
    text.charCodeAt(SECOND_LENGTH) === DOT &&
    text.charCodeAt(end) === Z
  const hour = digitsIn(text, 11, 13)
  const minute = digitsIn(text, 14, 16)
  const second = digitsIn(text, 17, 19)
  const millis = digitsIn(text, SECOND_LENGTH + 1, SECOND_LENGTH + 4)
  const rest = digits === 3 ? 0 : digitsIn(text, SECOND_LENGTH + 4, end)
  const isTime = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60
  if (!isSpelt || !isTime || millis < 0 || rest < 0) return undefined
  const ms = knownMidnight + ((hour * 60 + minute) * 60 + second) * 1000 + millis
  return { ms, ns: rest * 10 ** (9 - digits) }
}

/** The number that stands there; negative where something else does. */
function digitsIn(text: string, from: number, to: number): number {
  let number = 0
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - ZERO!
    if (!(digit >= 0 && digit <= 9)) return Number.NEGATIVE_INFINITY
    number = number * 10 + digit
  }
  return number
}

function parseAnew(text: string): InstantNs | undefined {
  const match = RFC_3339.exec(text)
  if (!match) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number
  ]
  const midnight = new Date(0).setUTCFullYear(year, month - 1, day)
  const isDate = month >= 1 && month <= 12 && day >= 1 && new Date(midnight).getUTCDate() === day
  const offsetMinutes = Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0)
  if (!isDate || hour > 23 || minute > 59 || second > 60 || offsetMinutes >= 1440) return undefined
  knownDay = text.slice(0, DAY_LENGTH)
  knownMidnight = midnight
  const fraction = (match[7] ?? '').padEnd(9, '0')
  const offsetMs = (match[8] === '-' ? -offsetMinutes : offsetMinutes) * 60_000
  const secondMs = midnight + ((hour * 60 + minute) * 60 + second) * 1000
  return { ms: secondMs - offsetMs + Number(fraction.slice(0, 3)), ns: Number(fraction.slice(3)) }
}

/** RFC 3339 in UTC with three digits of a second, or six or nine where the instant has them. Years 0 to 9999. */
export function formatInstantNs({ ms, ns }: InstantNs): string {
  const millis = isoOf(ms)
  if (ns === 0) return millis
  const digits = String(ns).padStart(6, '0')
  return `${millis.slice(0, -1)}${ns % 1000 === 0 ? digits.slice(0, 3) : digits}Z`
}

/** Negative where the first is earlier, positive where it is later, 0 where they are the same. */
export function compareInstantNs(a: InstantNs, b: InstantNs): number {
  return a.ms - b.ms || a.ns - b.ns
}
