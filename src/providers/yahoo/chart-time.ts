import { HOUR_MS } from '../../market/time.ts'
import { dateIn, partsOf } from '../../market/zoned-time.ts'
import { epochMs } from '../parse.ts'

/** What is before 1900, and from the year 10000 on, is no time of a session. */
const INSTANTS = { first: Date.UTC(1900), last: Date.UTC(9999, 11, 31, 23, 59, 59) }

const QUARTER_MS = 900_000

/**
 * The date of a session, a week or a month by the instant that stands for it. Where a country has given up its summer
 * time Yahoo still counts with it: the midnight at which Brazil's February of 2022 begins stands at 23:00 of 31 January.
 * No session of a day opens at 22:00 or 23:00.
 */
export function sessionDate(instant: number, timeZone: string): string {
  const { hour, minute } = instant % QUARTER_MS === 0 ? partsOf(timeZone, instant) : { hour: 0, minute: 0 }
  return dateIn(timeZone, hour >= 22 && minute === 0 ? instant + (24 - hour) * HOUR_MS : instant)
}

/** An instant of the chart, in seconds as a rule, as epoch milliseconds; undefined for what is no time. */
export function instantOf(told: unknown): number | undefined {
  const known = epochMs(told)
  return known !== undefined && known >= INSTANTS.first && known <= INSTANTS.last ? known : undefined
}
