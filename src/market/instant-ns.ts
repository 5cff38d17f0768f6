import { isoOf } from './time.ts'

/**
 * An instant to the nanosecond, in two numbers, for no JavaScript number holds the nanoseconds since 1970 exactly: epoch
 * milliseconds (an integer, rounded down) and the nanoseconds within that millisecond (0 to 999,999).
 */
export type InstantNs = { readonly ms: number; readonly ns: number }

const RFC_3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/

/**
 * Reads an RFC 3339 text with up to nine digits of a second. Undefined for anything else: dates that do not exist, more
 * digits, texts without an offset. A leap second is the one after it, as vendors that smear count it.
 */
export function parseInstantNs(text: string): InstantNs | undefined {
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
