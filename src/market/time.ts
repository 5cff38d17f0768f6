export const SECOND_MS = 1000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
/** Of days without a change of clocks, as UTC has them. */
export const DAY_MS = 24 * HOUR_MS

/** An instant in epoch milliseconds as ISO 8601 text in UTC. Throws RangeError where it is no instant. */
export function isoOf(instant: number): string {
  return new Date(instant).toISOString()
}
