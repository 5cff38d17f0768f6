import { DAY_MS } from '../market/time.ts'
import { dateIn, instantOf } from '../market/zoned-time.ts'

/** The days of both vendors begin at midnight there. */
const ZONE = 'America/New_York'
/** What never ends is asked for by a date as late as can be written: what comes after this one is taken for it. */
const LAST_DATE = '8999-12-31'
const LAST_INSTANT = Date.parse(LAST_DATE)

/** The date (YYYY-MM-DD) of an instant (epoch milliseconds). */
export const dateAt = (instant: number): string => dateIn(ZONE, Math.min(instant, LAST_INSTANT))

/** When a date (YYYY-MM-DD) begins, epoch milliseconds. */
export function midnightOf(date: string): number {
  const [year, month, day] = (date < LAST_DATE ? date : LAST_DATE).split('-').map(Number)
  return instantOf(ZONE, year!, month!, day!)
}

/** When the date after a date begins. */
export const midnightAfter = (date: string): number =>
  midnightOf(isoDate(Math.min(Date.parse(date), LAST_INSTANT) + DAY_MS))

/** The first date that does not begin before an instant, as its midnight in UTC: so dates are kept. */
export function firstDateFrom(instant: number): number {
  const date = dateAt(instant)
  return Date.parse(date) + (midnightOf(date) >= instant ? 0 : DAY_MS)
}

const isoDate = (midnight: number): string => new Date(midnight).toISOString().slice(0, 10)
