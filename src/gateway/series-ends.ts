import { lastDateOf, nextStartOf } from '../market/bar-period.ts'
import { isIntraday, type Bar } from '../market/bar.ts'
import type { Calendar } from '../market/calendar.ts'
import { tradingDatesBetween } from '../market/session.ts'
import { DAY_MS, HOUR_MS } from '../market/time.ts'
import { dateIn } from '../market/zoned-time.ts'
import type { VendorSeries } from '../providers/provider.ts'

/** By then every vendor has told a session that ended. */
const SETTLED_MS = 12 * HOUR_MS
/** Where more sessions lack at the beginning, the instrument was not listed yet. */
const MAX_MISSING_AT_BEGINNING = 5
/** No exchange rests so long that fewer sessions lie in it: what was asked for of before says nothing more. */
const BEGINNING_MS = 30 * DAY_MS

/**
 * Starts of bars (oldest first) that lack at the ends of the range that was asked for: periods that are over since the last
 * bar, and the few days before the first. `now` in epoch milliseconds.
 */
export function missingAtEnds(
  { interval, range }: VendorSeries,
  bars: readonly Bar[],
  calendar: Calendar | undefined,
  now: number
): string[] {
  const [first, last] = [bars[0], bars.at(-1)]
  if (!range || !calendar || !first || !last || first.volume === 0 || last.volume === 0) return []
  const zone = isIntraday(interval) ? calendar.timeZone : 'UTC'
  const settledOn = dateIn(calendar.timeZone, now - SETTLED_MS)
  const end = earlier(settledOn, dateIn(zone, range.to - 1 + DAY_MS))
  if (interval === '1wk' || interval === '1mo') return periodsBetween(interval, last.start, end)
  const lastDate = isIntraday(interval) ? dateIn(zone, Date.parse(last.start)) : last.start
  const sinceLast = tradingDatesBetween(calendar, lastDate, end)
  if (isIntraday(interval)) return sinceLast
  const from = Math.max(range.from, Date.parse(first.start) - BEGINNING_MS)
  const beforeFirst = tradingDatesBetween(calendar, dateIn('UTC', from - 1), first.start)
  return [...(beforeFirst.length > MAX_MISSING_AT_BEGINNING ? [] : beforeFirst), ...sinceLast]
}

/** Periods after that of `start` that are over by the date `end`. */
function periodsBetween(interval: '1wk' | '1mo', start: string, end: string): string[] {
  const starts: string[] = []
  for (let next = nextStartOf(interval, start); lastDateOf(interval, next) < end; next = nextStartOf(interval, next)) {
    starts.push(next)
  }
  return starts
}

function earlier(one: string, other: string): string {
  return one < other ? one : other
}
