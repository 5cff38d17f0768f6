import { HOUR_MS } from '../../market/time.ts'
import { dateIn, partsOf } from '../../market/zoned-time.ts'
import { finite } from '../parse.ts'

/** Seconds before 1900 and from the year 10000 on are no time of a session. */
const INSTANTS = { first: -2_208_988_800, last: 253_402_300_799 }

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

/** Epoch seconds as milliseconds; undefined for what is no time. */
export function instantOf(seconds: unknown): number | undefined {
  const known = finite(seconds)
  return known !== undefined && known >= INSTANTS.first && known <= INSTANTS.last ? known * 1000 : undefined
}
