import { Type } from 'typebox'
import type { BarRequest } from '../market/bar.ts'
import { dateIn as dateAt, parseWallTime } from '../market/zoned-time.ts'

/** Part of a wire type: a date of the calendar, alone or before a time of day. */
export const DatedText = Type.Refine(Type.String(), (text) => dateIn(text) !== undefined)

/** First and last date (YYYY-MM-DD), both inclusive. */
export type DateRange = { readonly first: string; readonly last: string }

/**
 * The dates that a request covers. In UTC, the default, they are the session dates: an instant that a caller made from a
 * plain date is that date's midnight in UTC. For intraday bars pass the zone whose clock the vendor's dates follow.
 */
export function datesOf({ from, to }: Pick<BarRequest, 'from' | 'to'>, zone = 'UTC'): DateRange {
  return { first: dateAt(zone, from), last: dateAt(zone, to - 1) }
}

export function isWithin(date: string, { first, last }: DateRange): boolean {
  return date >= first && date <= last
}

const DATE = /^(\d{4})-?(0[1-9]|1[0-2])-?(\d{2})/
const WITH_DASHES = /^\d{4}-\d{2}-/
const TIME = /[T ]([01]\d|2[0-3]):?[0-5]\d/
const WITH_OFFSET = /\d{2}:\d{2}.*(Z|[+-]\d{2}:?\d{2})$/

/** The date (YYYY-MM-DD) that a text begins with; undefined where it begins with none that the calendar has. */
export function dateIn(text: unknown): string | undefined {
  return typeof text === 'string' && WITH_DASHES.test(text) && startsWithDate(text) ? text.slice(0, 10) : undefined
}

/** Whether a text begins with a day of the calendar: of 30 February a date of the language makes 2 March. */
function startsWithDate(text: string): boolean {
  const [, year, month, day] = (DATE.exec(text) ?? []).map(Number)
  return day !== undefined && day >= 1 && day <= new Date(Date.UTC(year!, month, 0)).getUTCDate()
}

/** The instant (epoch milliseconds) of a text that ends with its offset from UTC; undefined for any other. */
export function instantWithOffset(text: unknown): number | undefined {
  if (typeof text !== 'string' || !startsWithDate(text) || !WITH_OFFSET.test(text)) return undefined
  const instant = Date.parse(text.replace(' ', 'T'))
  return Number.isNaN(instant) ? undefined : instant
}

/** The instant of a wall time of the zone, or of a text that ends with its offset; undefined for what is neither. */
export function instantIn(zone: string, text: unknown): number | undefined {
  if (typeof text !== 'string' || !startsWithDate(text) || (text.length > 10 && !TIME.test(text))) return undefined
  return WITH_OFFSET.test(text) ? instantWithOffset(text) : parseWallTime(zone, text.replace(/\.\d+$/, ''))
}
