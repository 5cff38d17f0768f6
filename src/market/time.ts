export const SECOND_MS = 1000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
/** Of days without a change of clocks, as UTC has them. */
export const DAY_MS = 24 * HOUR_MS

/** An instant in epoch milliseconds as ISO 8601 text in UTC. Throws RangeError where it is no instant. */
export function isoOf(instant: number): string {
  return new Date(instant).toISOString()
}

/** When the last date begins that four digits of a year can name, epoch milliseconds: databases take none behind it. */
export const LAST_DATE_MS = Date.parse('9999-12-31')

/** No instant that anybody tells in seconds is as large as this; in milliseconds it is of 1973, and so on by thousands. */
const FIRST_MILLISECONDS = 1e11
/** The last millisecond that a date can hold. */
const LAST_INSTANT = 8.64e15

/**
 * An instant since 1970 as epoch milliseconds, which may be before that year, from a number of seconds or of their
 * thousandths, millionths or billionths: vendors have told one member in all four, and its size tells them apart.
 * Undefined for what no date can hold.
 */
export function msOfEpoch(told: number): number | undefined {
  let perSecond = 1
  while (perSecond < 1e9 && Math.abs(told) / perSecond >= FIRST_MILLISECONDS) perSecond *= 1000
  const ms = perSecond <= 1000 ? told * (1000 / perSecond) : Math.trunc(told / (perSecond / 1000))
  return Math.abs(ms) <= LAST_INSTANT ? ms : undefined
}
