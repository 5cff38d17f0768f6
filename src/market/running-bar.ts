import { nextStartOf, startOfPeriod } from './bar-period.ts'
import { INTRADAY_LENGTH_MS, isIntraday, type Bar, type BarSeries, type Interval } from './bar.ts'
import { exchangeOfListing } from './exchange.ts'
import type { Calendar } from './calendar.ts'
import { regularEnd, sessionOn } from './session.ts'
import { DAY_MS, HOUR_MS } from './time.ts'
import { dateIn, instantOf } from './zoned-time.ts'

/** A session that lasts longer runs from day to day: coins, and currencies within a week. */
const AROUND_THE_CLOCK_MS = 23 * HOUR_MS
/** A vendor that says to be later than this renews when a session has ended, so that what it has of it is final. */
const MAX_FEED_DELAY_MS = HOUR_MS
/** The last place on Earth where a date ends, for listings whose zone nobody tells. */
const LAST_ZONE = 'Etc/GMT+12'

/**
 * Marks the bars whose interval had not ended when the vendor answered with `complete: false`. Within a day a bar ends by
 * its length, or with the regular session if that comes first; a day with its regular session, half days and closing
 * auctions included; a week and a month with the last session in them. What trades around the clock ends its day at
 * midnight. A start that is no date tells no end, and is not marked. `calendar` is the one that the symbol follows, where
 * there is one.
 */
export function withRunningMarked<Series extends BarSeries>(series: Series, calendar: Calendar | undefined): Series {
  const { receivedAt, delayedBySeconds = 0 } = series.provenance
  const delayMs = delayedBySeconds * 1000
  const knownUntil = Date.parse(receivedAt) - (delayMs <= MAX_FEED_DELAY_MS ? delayMs : 0)
  const ends = endReader(series, calendar)
  const firstComplete = series.bars.findLastIndex(({ start }) => !isDated(start) || ends(start) <= knownUntil)
  if (firstComplete === series.bars.length - 1) return series
  const running = series.bars.slice(firstComplete + 1).map((bar): Bar => ({ ...bar, complete: false }))
  return { ...series, bars: [...series.bars.slice(0, firstComplete + 1), ...running] }
}

const isDated = (start: string): boolean => /^\d{4}-\d\d-\d\d/.test(start) && !Number.isNaN(Date.parse(start))

/** When a bar of the series ends, by its start; epoch milliseconds. */
function endReader(series: BarSeries, calendar: Calendar | undefined): (start: string) => number {
  const { interval } = series
  const endOfSession = sessionEndReader(series, calendar)
  if (isIntraday(interval)) {
    const lengthMs = INTRADAY_LENGTH_MS[interval]
    return (start) => {
      const opens = Date.parse(start)
      const ends = opens + lengthMs
      const session = calendar && sessionOn(calendar, dateIn(calendar.timeZone, opens))
      const close = session && regularEnd(session)
      return close !== undefined && opens < close ? Math.min(ends, close) : ends
    }
  }
  return (start) => {
    const days = daysOf(start.slice(0, 10), interval)
    const ends = days.map(endOfSession).filter((end) => end !== undefined)
    return ends.at(-1) ?? midnightAfter(days.at(-1)!, series.timeZone ?? LAST_ZONE)
  }
}

/** The end of the regular session of a date, or undefined where there is none that day. */
function sessionEndReader(
  { symbol, timeZone }: BarSeries,
  calendar: Calendar | undefined
): (date: string) => number | undefined {
  if (calendar) {
    return (date) => {
      const session = sessionOn(calendar, date)
      if (!session) return undefined
      const isAroundTheClock = session.regular.close - session.regular.open >= AROUND_THE_CLOCK_MS
      return isAroundTheClock ? midnightAfter(date, timeZone ?? calendar.timeZone) : regularEnd(session)
    }
  }
  const exchange = exchangeOfListing(symbol)
  return (date) => {
    if (!exchange) return midnightAfter(date, timeZone ?? LAST_ZONE)
    return isWeekend(date) ? undefined : wallInstant(date, exchange.closes, exchange.timeZone)
  }
}

/** The dates that a bar of a day or longer spans, in order. Vendors name a week by its first or by its last day. */
function daysOf(start: string, interval: Interval): string[] {
  const first = startOfPeriod(interval, start)
  const [from, to] = [Date.parse(first), Date.parse(nextStartOf(interval, first))]
  return Array.from({ length: (to - from) / DAY_MS }, (_, day) => dateOf(from + day * DAY_MS))
}

const dateOf = (instant: number): string => new Date(instant).toISOString().slice(0, 10)
const isWeekend = (date: string): boolean => new Date(date).getUTCDay() % 6 === 0
const midnightAfter = (date: string, timeZone: string): number => wallInstant(date, '24:00', timeZone)

function wallInstant(date: string, wall: string, timeZone: string): number {
  const [year, month, day] = date.split('-').map(Number)
  const [hour, minute] = wall.split(':').map(Number)
  return instantOf(timeZone, year!, month!, day!, hour, minute)
}
