import { isIntraday, type Bar, type Interval } from './bar.ts'
import { DAY_MS } from './time.ts'

/**
 * The date (YYYY-MM-DD) that the bar of a session starts with: a week's is its Monday and a month's the first, whichever
 * day was the first session.
 */
export function startOfPeriod(interval: Interval, date: string): string {
  if (interval === '1mo') return `${date.slice(0, 7)}-01`
  if (interval !== '1wk') return date
  const day = new Date(date)
  const sinceMonday = (day.getUTCDay() + 6) % 7
  return new Date(day.getTime() - sinceMonday * DAY_MS).toISOString().slice(0, 10)
}

/** The last date of the day, week or month that a bar starts with. */
export function lastDateOf(interval: Interval, start: string): string {
  if (interval === '1wk') return dateAfter(start, 6)
  if (interval !== '1mo') return start
  const [year, month] = start.split('-').map(Number) as [number, number]
  return new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10)
}

/** The start of the bar that follows in a series without gaps; for days the next day of the calendar. */
export function nextStartOf(interval: Interval, start: string): string {
  return dateAfter(lastDateOf(interval, start), 1)
}

/**
 * Daily, weekly or monthly bars from daily ones, both oldest first. A period is as its days are adjusted; its volume is
 * absent where one of its days has none.
 */
export function barsFromDays(days: readonly Bar[], interval: Interval): Bar[] {
  if (isIntraday(interval)) throw new RangeError('a day has no bars within it')
  const byStart = Map.groupBy(days, ({ start }) => startOfPeriod(interval, start))
  return [...byStart].map(([start, bars]) => {
    const isVolumeKnown = bars.every(({ volume }) => volume !== undefined)
    return {
      start,
      open: bars[0]!.open,
      high: Math.max(...bars.map(({ high }) => high)),
      low: Math.min(...bars.map(({ low }) => low)),
      close: bars.at(-1)!.close,
      ...(isVolumeKnown && { volume: bars.reduce((sum, { volume }) => sum + volume!, 0) })
    }
  })
}

function dateAfter(date: string, days: number): string {
  return new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10)
}
