import type { Interval } from '../../market/bar.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../market/time.ts'

/** Bars as charts name them; days and longer ones have two spellings. */
export const INTERVAL_OF_RESOLUTION: Readonly<Record<string, Interval>> = {
  '1': '1m',
  '5': '5m',
  '15': '15m',
  '30': '30m',
  '60': '1h',
  '1D': '1d',
  D: '1d',
  '1W': '1wk',
  W: '1wk',
  '1M': '1mo',
  M: '1mo'
}
export const RESOLUTIONS = ['1', '5', '15', '30', '60', '1D', '1W', '1M']
export const INTRADAY_RESOLUTIONS = RESOLUTIONS.slice(0, 5)

/** Bars of a span are fewer than it would hold without nights and weekends: so many times as long is sure to have them. */
const CLOSED_FACTOR = 6
const LENGTH_MS: Readonly<Record<Interval, number>> = {
  '1m': MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': HOUR_MS,
  '1d': DAY_MS,
  '1wk': 7 * DAY_MS,
  '1mo': 31 * DAY_MS
}

/** How long a span is that has so many bars in any market that has calendars, in milliseconds. */
export const spanOfBars = (interval: Interval, count: number): number => {
  const lengthMs = LENGTH_MS[interval]
  return count * lengthMs * (lengthMs < DAY_MS ? CLOSED_FACTOR : 2) + 7 * DAY_MS
}
