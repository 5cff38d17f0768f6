import { Type } from 'typebox'
import type { BarRequest } from '../market/bar.ts'
import { dateIn } from '../market/zoned-time.ts'

/** Part of a wire type: a date, alone or before a time of day. */
export const DatedText = Type.String({ pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])' })

/** First and last date (YYYY-MM-DD), both inclusive. */
export type DateRange = { readonly first: string; readonly last: string }

/**
 * The dates that a request covers. In UTC, the default, they are the session dates: an instant that a caller made from a
 * plain date is that date's midnight in UTC. For intraday bars pass the zone whose clock the vendor's dates follow.
 */
export function datesOf({ from, to }: Pick<BarRequest, 'from' | 'to'>, zone = 'UTC'): DateRange {
  return { first: dateIn(zone, from), last: dateIn(zone, to - 1) }
}

export function isWithin(date: string, { first, last }: DateRange): boolean {
  return date >= first && date <= last
}
