import { INTRADAY_LENGTH_MS, isIntraday, type Bar } from '../market/bar.ts'
import type { MarketHours } from '../market/market-hours.ts'
import { hoursOn, type Calendar } from '../market/calendar.ts'
import { isListed, regularEnd, sessionOn, type Session } from '../market/session.ts'
import { dateIn } from '../market/zoned-time.ts'
import { kindOfSymbol } from '../market/instrument-kind.ts'
import type { VendorSeries } from '../providers/provider.ts'

/** Closing auctions, and trades that are told late, print within this time after the bell. */
const CLOSING_PRINTS_MS = 30 * 60_000
/** Exchanges of Asia have made up for holidays on Saturdays until then. */
const FIRST_WITHOUT_SATURDAYS = '2018-01-01'
/** No zone's clock differs from another's by a part of it, so that all of it is of one date. */
const HALF_HOUR_MS = 30 * 60_000

/**
 * Whether a bar may be of regular trading, which is all that vendors are asked for: they have repeated the last price while
 * nobody can trade, and told of weekends and holidays. In years whose holidays nobody listed every bar may be. Values of
 * funds are reckoned on other days than their exchange's, and of indices within the day no volume tells them apart.
 */
export function sessionCheck(
  { interval, symbol, kind = kindOfSymbol(symbol), provenance }: VendorSeries,
  hours: MarketHours | undefined,
  widest: MarketHours | undefined
): (bar: Bar) => boolean {
  // The simulated market keeps hours of its own.
  if (provenance.feed === 'sandbox') return () => true
  if (interval === '1d') {
    if (kind === 'fund') return () => true
    const isDay = dayCheck(hours?.calendar, widest?.calendar)
    return kind === 'future' ? (bar) => isDay(bar) || isSunday(bar) : isDay
  }
  if (!hours) return () => true
  const { calendar } = hours
  if (!isIntraday(interval) || symbol.startsWith('^')) return () => true
  const lengthMs = INTRADAY_LENGTH_MS[interval]
  const sessionAt = sessionReader(calendar)
  return ({ start, volume }) => {
    const opens = Date.parse(start)
    const session = sessionAt(opens)
    if (session === 'unknown') return true
    if (!session) return false
    const ends = regularEnd(session) + (volume === 0 ? 0 : CLOSING_PRINTS_MS)
    return opens < ends && opens + lengthMs > session.regular.open
  }
}

/** Futures open in the evening of a Sunday, of which vendors tell a bar of its own. */
function isSunday({ start }: Bar): boolean {
  return new Date(start).getUTCDay() === 0
}

/** `widest`: of an exchange whose holidays are not known its weekdays are, of years in which none opened on other days. */
function dayCheck(calendar: Calendar | undefined, widest: Calendar | undefined): (bar: Bar) => boolean {
  return ({ start }) => {
    const date = start.slice(0, 10)
    if (calendar && isListed(calendar, date)) return hoursOn(calendar, date) !== undefined
    return !widest || date < FIRST_WITHOUT_SATURDAYS || widest.weekdays.includes(new Date(date).getUTCDay())
  }
}

/** The session of the date in which an instant lies; working one out takes many look-ups of its time zone. */
function sessionReader(calendar: Calendar): (instant: number) => Session | 'unknown' | undefined {
  const known = new Map<number, Session | 'unknown' | undefined>()
  return (instant) => {
    const halfHour = Math.floor(instant / HALF_HOUR_MS)
    if (!known.has(halfHour)) {
      const date = dateIn(calendar.timeZone, instant)
      known.set(halfHour, isListed(calendar, date) ? sessionOn(calendar, date) : 'unknown')
    }
    return known.get(halfHour)
  }
}
