import { exchangeOf, INDIAN_DERIVATIVES, INDIAN_EXCHANGE } from './calendars.ts'
import type { Calendar } from './calendar.ts'
import { settlementOf, type Settlement } from './option-roots.ts'
import { occRoot } from './option-symbol.ts'
import { lastSession, regularEnd, sessionOn, type Session } from './session.ts'
import type { SessionClock } from './session-clock.ts'
import { instantOf } from './zoned-time.ts'

export type Expiration = {
  /** The end of the last session in which the contract trades, epoch milliseconds. */
  readonly lastTradingAt: number
  /** When its value is fixed, epoch milliseconds: the time to expiry counts to here. */
  readonly settlesAt: number
  /** IANA zone of the exchange that lists it. */
  readonly timeZone: string
  readonly settlement: Settlement
}

/** US options of shares and funds, and whatever else is listed where nothing is known. */
const US_EXCHANGE = 'XNYS'
/** Index options that opening prices settle trade until a quarter past the close of the session before. */
const LATE_CLOSE_MS = 15 * 60_000

/**
 * When a contract stops trading and when its value is fixed. `expiry` is a date (YYYY-MM-DD) of the exchange; where the
 * exchange is closed then, the session before counts. `contract` is its symbol; empty where only the underlying is known.
 */
export function expirationOf(underlying: string, contract: string, expiry: string, clock: SessionClock): Expiration {
  const calendar = calendarOf(underlying, clock)
  const { timeZone } = calendar
  const session = sessionOn(calendar, expiry) ?? sessionBefore(calendar, expiry)
  const settlement = settlementOf(occRoot(contract), underlying)
  if (settlement === 'pm') {
    const end = regularEnd(session)
    return { lastTradingAt: end, settlesAt: end, timeZone, settlement }
  }
  const before = sessionBefore(calendar, session.date)
  return { lastTradingAt: regularEnd(before) + LATE_CLOSE_MS, settlesAt: session.regular.open, timeZone, settlement }
}

/**
 * Until when a future or an option trades (epoch ms), by the calendar of where it is listed; undefined where none is known.
 * `contract` is its canonical symbol, `expiry` a date (YYYY-MM-DD) of its exchange.
 */
export function lastTradingInstant(contract: string, expiry: string, clock: SessionClock): number | undefined {
  const calendar = clock.hoursOf(contract)?.calendar
  return calendar && regularEnd(sessionOn(calendar, expiry) ?? sessionBefore(calendar, expiry))
}

function calendarOf(underlying: string, clock: SessionClock): Calendar {
  const exchange = exchangeOf(underlying) ?? US_EXCHANGE
  const listed = clock.hoursAt(exchange === INDIAN_EXCHANGE ? INDIAN_DERIVATIVES : exchange)
  const hours = listed ?? clock.hoursAt(US_EXCHANGE)
  if (!hours) throw new RangeError(`there is no calendar of ${exchange}`)
  return hours.calendar
}

/** The last session that opened before a date. */
function sessionBefore(calendar: Calendar, date: string): Session {
  const [year, month, day] = date.split('-').map(Number) as [number, number, number]
  return lastSession(calendar, instantOf(calendar.timeZone, year, month, day) - 1)
}
