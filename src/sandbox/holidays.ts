import { DAY_MS } from '../market/time.ts'

/** A rule for one holiday a year, giving days since 1970; undefined in a year that does not have it. */
export type Holiday = (year: number) => number | undefined

const dayOf = (year: number, month: number, day: number) => Date.UTC(year, month - 1, day) / DAY_MS
const weekdayOf = (day: number) => (day + 4) % 7

/** A fixed date; on a Saturday it is kept the Friday before, on a Sunday the Monday after. */
const observed =
  (month: number, day: number, since = 0): Holiday =>
  (year) => {
    if (year < since) return undefined
    const date = dayOf(year, month, day)
    if (weekdayOf(date) === 6) return date - 1
    return weekdayOf(date) === 0 ? date + 1 : date
  }

const MONDAY = 1
const THURSDAY = 4

const nth =
  (count: number, weekday: number, month: number): Holiday =>
  (year) => {
    const first = dayOf(year, month, 1)
    return first + ((weekday - weekdayOf(first) + 7) % 7) + (count - 1) * 7
  }

const lastMonday =
  (month: number): Holiday =>
  (year) => {
    const last = dayOf(year, month + 1, 1) - 1
    return last - ((weekdayOf(last) - MONDAY + 7) % 7)
  }

/** Easter Sunday by the anonymous Gregorian computus. */
function easter(year: number): number {
  const century = Math.floor(year / 100)
  const golden = year % 19
  const epact =
    (19 * golden + century - (century >> 2) - Math.floor((century - Math.floor((century + 8) / 25) + 1) / 3) + 15) % 30
  const weekday = (32 + 2 * (century % 4) + 2 * ((year % 100) >> 2) - epact - ((year % 100) % 4)) % 7
  const correction = Math.floor((golden + 11 * epact + 22 * weekday) / 451)
  const month = Math.floor((epact + weekday - 7 * correction + 114) / 31)
  return dayOf(year, month, ((epact + weekday - 7 * correction + 114) % 31) + 1)
}

const goodFriday: Holiday = (year) => easter(year) - 2
const easterMonday: Holiday = (year) => easter(year) + 1

/** New York closes for 1 January only when it falls on a weekday or a Sunday, never on the Friday before. */
const newYear: Holiday = (year) => {
  const day = dayOf(year, 1, 1)
  return weekdayOf(day) === 0 ? day + 1 : day
}

/** The full-day closings of the New York exchanges that follow a rule. */
export const US_HOLIDAYS: readonly Holiday[] = [
  newYear,
  nth(3, MONDAY, 1),
  nth(3, MONDAY, 2),
  goodFriday,
  lastMonday(5),
  observed(6, 19, 2022),
  observed(7, 4),
  nth(1, MONDAY, 9),
  nth(4, THURSDAY, 11),
  observed(12, 25)
]
export const EUROPEAN_HOLIDAYS: readonly Holiday[] = [newYear, goodFriday, easterMonday, observed(12, 25)]
export const MINIMAL_HOLIDAYS: readonly Holiday[] = [newYear, observed(12, 25)]

const byYear = new Map<readonly Holiday[], Map<number, Set<number>>>()

/** The days (since 1970) on which a year's holidays of a list fall. */
export function holidaysOf(year: number, rules: readonly Holiday[]): Set<number> {
  let years = byYear.get(rules)
  if (!years) byYear.set(rules, (years = new Map<number, Set<number>>()))
  let days = years.get(year)
  if (!days) years.set(year, (days = new Set(rules.flatMap((rule) => rule(year) ?? []))))
  return days
}
