import { Type, type Static } from 'typebox'
import { hoursOn, isOrdinaryDay, type Calendar } from './calendar.ts'
import type { MarketState } from './quote.ts'
import { placedHours, SESSION_PARTS, type SessionPart } from './session-hours.ts'
import { DAY_MS } from './time.ts'
import { dateIn, firstInstantAt } from './zoned-time.ts'

/** One trading day; instants are epoch milliseconds, ends exclusive. Its first part may open on the day before its date. */
export type Session = {
  readonly date: string
  readonly name: string | undefined
  readonly overnight: Interval | undefined
  readonly pre: Interval | undefined
  readonly regular: Interval
  readonly closingAuction: Interval | undefined
  readonly post: Interval | undefined
}
export type Interval = { readonly open: number; readonly close: number }

export const SessionPhase = Type.Enum(['overnight', 'pre', 'continuous', 'closing_auction', 'post', 'closed'])
export type SessionPhase = Static<typeof SessionPhase>

export type SessionStatus = {
  readonly phase: SessionPhase
  readonly marketState: Exclude<MarketState, 'halted'>
  /** What trades now belongs to the session of this date. */
  readonly tradeDate: string
  /** The trading day in progress, while one of its parts is. */
  readonly session: Session | undefined
  /** Start of the next regular session. */
  readonly nextOpen: number
  /** End of the regular session in progress. */
  readonly nextClose: number | undefined
  /** The phase has lasted since this instant, and lasts until that one. */
  readonly lastChange: number
  readonly nextChange: number
}

const PHASE_OF_PART: Readonly<Record<SessionPart, SessionPhase>> = {
  overnight: 'overnight',
  pre: 'pre',
  regular: 'continuous',
  closingAuction: 'closing_auction',
  post: 'post'
}

/** A phase as quotes carry it: the price of a quote is the regular session's, which is closed while others trade at night. */
const MARKET_STATES: Readonly<Record<SessionPhase, Exclude<MarketState, 'halted'>>> = {
  overnight: 'closed',
  pre: 'pre',
  continuous: 'regular',
  closing_auction: 'regular',
  post: 'post',
  closed: 'closed'
}

const FIRST_DATE = '1900-01-01'
const LAST_DATE = '9999-12-31'
/** No exchange is closed for longer; a calendar that says so is broken. */
const MAX_CLOSED_DAYS = 40

/** The session of a date (YYYY-MM-DD in the exchange's zone), or undefined where the exchange is closed that day. */
export function sessionOn(calendar: Calendar, date: string): Session | undefined {
  const hours = hoursOn(calendar, date)
  if (!hours) return undefined
  const placed = placedHours(hours)
  const interval = (part: SessionPart): Interval | undefined => {
    const span = placed[part]
    return (
      span && {
        open: firstInstantAt(calendar.timeZone, date, span[0]),
        close: firstInstantAt(calendar.timeZone, date, span[1])
      }
    )
  }
  return {
    date,
    name: hours.name,
    overnight: interval('overnight'),
    pre: interval('pre'),
    regular: interval('regular')!,
    closingAuction: interval('closingAuction'),
    post: interval('post')
  }
}

/**
 * The dates between two others on which the exchange trades by rule, as far as its holidays are known: sessions on days
 * that would be closed are not among them, for not every vendor tells them.
 */
export function tradingDatesBetween(calendar: Calendar, after: string, before: string): string[] {
  const { from, until } = knownRangeOf(calendar)
  const dates: string[] = []
  const last = Math.min(Date.parse(before) - DAY_MS, Date.parse(until))
  for (let day = Math.max(Date.parse(after) + DAY_MS, Date.parse(from)); day <= last; day += DAY_MS) {
    const date = new Date(day).toISOString().slice(0, 10)
    if (isOrdinaryDay(calendar, date)) dates.push(date)
  }
  return dates
}

/** Whether the exchange has no session between those of two dates (YYYY-MM-DD), as far as its calendar tells. */
export function isNextSession(calendar: Calendar, before: string, date: string): boolean {
  const end = Date.parse(date)
  const begin = Date.parse(before)
  if (!(end - begin <= MAX_CLOSED_DAYS * DAY_MS)) return false
  for (let day = begin + DAY_MS; day < end; day += DAY_MS) {
    if (hoursOn(calendar, new Date(day).toISOString().slice(0, 10))) return false
  }
  return true
}

type KnownRange = { readonly from: string; readonly until: string }

const knownRanges = new WeakMap<Calendar, KnownRange>()

function knownRangeOf(calendar: Calendar): KnownRange {
  const known = knownRanges.get(calendar) ?? knownRangeIn(calendar)
  knownRanges.set(calendar, known)
  return known
}

/** Years whose holidays are listed; a calendar without holidays is known for ever where it trades every day, else never. */
function knownRangeIn({ weekdays, closed, knownUntil }: Calendar): KnownRange {
  const first = closed.reduce((earliest, { date }) => (date < earliest ? date : earliest), LAST_DATE)
  if (weekdays.length === 7) return { from: FIRST_DATE, until: LAST_DATE }
  return { from: `${first.slice(0, 4)}-01-01`, until: knownUntil ?? FIRST_DATE }
}

/** Whether a date (YYYY-MM-DD) lies in the years that the calendar's lists of special days cover. */
export function isListed(calendar: Calendar, date: string): boolean {
  const { from, until } = knownRangeOf(calendar)
  return from <= date && date <= until
}

/** What an exchange does at an instant, and when that changes. Throws RangeError for a calendar that never opens. */
export function statusAt(calendar: Calendar, instant: number): SessionStatus {
  const last = lastSession(calendar, instant)
  const next = nextSession(calendar, instant)
  const current = endOf(last) > instant ? last : next
  const phase = phaseIn(current, instant)
  const boundaries = [last, next].flatMap(boundariesOf)
  return {
    phase,
    marketState: MARKET_STATES[phase],
    tradeDate: current.date,
    session: phase === 'closed' ? undefined : current,
    nextOpen: next.regular.open,
    nextClose: MARKET_STATES[phase] === 'regular' ? regularEnd(current) : undefined,
    lastChange: Math.max(...boundaries.filter((each) => each <= instant)),
    nextChange: Math.min(...boundaries.filter((each) => each > instant))
  }
}

/** What an exchange does at an instant (epoch milliseconds). Throws RangeError for a calendar that never opens. */
export function phaseAt(calendar: Calendar, instant: number): SessionPhase {
  return phaseIn(sessionEndingAfter(calendar, instant), instant)
}

/**
 * The date of the session that a trade of an instant (epoch milliseconds) belongs to: the first one that has not ended
 * by then. What comes between two sessions, at weekends and on holidays too, belongs to the next one, as what trades on
 * the evening before it does. Throws RangeError for a calendar that never opens.
 */
export function tradeDate(calendar: Calendar, instant: number): string {
  return sessionEndingAfter(calendar, instant).date
}

function sessionEndingAfter(calendar: Calendar, instant: number): Session {
  // A session lasts a day at most, so that only the one of yesterday may not have ended.
  for (let day = -1; day <= MAX_CLOSED_DAYS; day++) {
    const session = sessionOn(calendar, dateAfter(calendar, instant, day))
    if (session && endOf(session) > instant) return session
  }
  throw neverOpens(calendar, 'has')
}

/** The first session whose regular trading opens after the instant. */
export function nextSession(calendar: Calendar, instant: number): Session {
  for (let day = 0; day <= MAX_CLOSED_DAYS; day++) {
    const session = sessionOn(calendar, dateAfter(calendar, instant, day))
    if (session && session.regular.open > instant) return session
  }
  throw neverOpens(calendar, 'has')
}

/** The newest session whose regular trading opened at or before the instant. */
export function lastSession(calendar: Calendar, instant: number): Session {
  // Tomorrow's may have opened this evening.
  for (let day = 1; day >= -MAX_CLOSED_DAYS; day--) {
    const session = sessionOn(calendar, dateAfter(calendar, instant, day))
    if (session && session.regular.open <= instant) return session
  }
  throw neverOpens(calendar, 'had')
}

/** End of regular trading, the closing auction included. */
export function regularEnd({ regular, closingAuction }: Session): number {
  return closingAuction?.close ?? regular.close
}

/** End of the last part. */
function endOf(session: Session): number {
  return session.post?.close ?? regularEnd(session)
}

function phaseIn(session: Session, instant: number): SessionPhase {
  const part = SESSION_PARTS.find((each) => {
    const interval = session[each]
    return interval !== undefined && interval.open <= instant && instant < interval.close
  })
  return part === undefined ? 'closed' : PHASE_OF_PART[part]
}

function boundariesOf(session: Session): number[] {
  return SESSION_PARTS.flatMap((part) => {
    const interval = session[part]
    return interval ? [interval.open, interval.close] : []
  })
}

function neverOpens({ exchange }: Calendar, verb: 'has' | 'had'): RangeError {
  return new RangeError(`the calendar of ${exchange} ${verb} no session within ${MAX_CLOSED_DAYS} days`)
}

/** Counts calendar days from noon, which no change of clocks moves into another day. */
function dateAfter({ timeZone }: Calendar, instant: number, days: number): string {
  const noon = Date.parse(`${dateIn(timeZone, instant)}T12:00:00Z`) + days * DAY_MS
  return new Date(noon).toISOString().slice(0, 10)
}
