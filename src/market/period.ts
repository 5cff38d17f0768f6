import type { Interval, Period } from './bar.ts'
import { DAY_MS } from './time.ts'

/** No history is asked for from before this instant, 1900-01-01 UTC. */
export const EARLIEST = Date.UTC(1900, 0, 1)

const MONTHS: Partial<Record<Period, number>> = {
  '1mo': 1,
  '3mo': 3,
  '6mo': 6,
  '1y': 12,
  '2y': 24,
  '5y': 60,
  '10y': 120
}
/**
 * How far apart the ends of a range may lie: about as many bars as ten years of days, and what vendors keep. A month, three
 * months, two years: the longest there are, and today. Absent where there is no limit.
 */
export const LONGEST_DAYS: Partial<Record<Interval, number>> = {
  '1m': 32,
  '5m': 93,
  '15m': 93,
  '30m': 93,
  '1h': 732
}

const WEEKDAYS: Partial<Record<Period, number>> = { '1d': 1, '5d': 5 }

/**
 * What a period means, in epoch milliseconds (`to` exclusive). It ends with the current UTC day, so that all requests
 * of a day share one range. Days of a short period are weekdays before today: on a Monday morning `1d` shows Friday.
 */
export function periodRange(period: Period, now: number): { from: number; to: number; period: Period } {
  const today = Math.floor(now / DAY_MS) * DAY_MS
  return { from: startOf(period, today), to: today + DAY_MS, period }
}

function startOf(period: Period, today: number): number {
  const date = new Date(today)
  if (period === 'max') return EARLIEST
  if (period === 'ytd') return Date.UTC(date.getUTCFullYear(), 0, 1)
  const months = MONTHS[period]
  if (months !== undefined) return monthsBefore(date, months)
  let start = today
  for (let left = WEEKDAYS[period]!; left > 0;) {
    start -= DAY_MS
    const weekday = new Date(start).getUTCDay()
    if (weekday !== 0 && weekday !== 6) left--
  }
  return start
}

/** The same day of an earlier month, or its last day: a month before 31 March is 28 February. */
function monthsBefore(date: Date, months: number): number {
  const first = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - months, 1))
  const lastDay = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate()
  return first.getTime() + (Math.min(date.getUTCDate(), lastDay) - 1) * DAY_MS
}
