import { Type, type Static } from 'typebox'
import { dateIn, instantOf } from './zoned-time.ts'

const Day = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: 'YYYY-MM-DD' })
const Span = Type.Tuple([Type.String({ pattern: '^\\d{2}:\\d{2}$' }), Type.String({ pattern: '^\\d{2}:\\d{2}$' })], {
  description: "Opening and end as wall time of the exchange; an end of 24:00 is the day's end"
})

/** The parts of a trading day. `closingAuction` follows continuous trading and still belongs to the regular session. */
export const Hours = Type.Object({
  pre: Type.Optional(Span),
  regular: Span,
  closingAuction: Type.Optional(Span),
  post: Type.Optional(Span)
})
export type Hours = Static<typeof Hours>

/** When an exchange trades: data, so that a change of its rules is a row and not a release. */
export const Calendar = Type.Object(
  {
    exchange: Type.String({
      description: 'ISO 10383 MIC, with a segment where one exchange has several',
      examples: ['XNYS']
    }),
    name: Type.String(),
    timeZone: Type.String({ description: 'IANA' }),
    weekdays: Type.Array(Type.Integer({ minimum: 0, maximum: 6 }), { description: '0 is Sunday' }),
    hours: Type.Array(Type.Object({ from: Day, ...Hours.properties }), {
      minItems: 1,
      description: 'Oldest first; each holds from its date on'
    }),
    weekdayHours: Type.Optional(
      Type.Record(Type.String({ pattern: '^[0-6]$' }), Hours, { description: 'Weekdays that differ; 0 is Sunday' })
    ),
    closed: Type.Array(Type.Object({ date: Day, name: Type.String() })),
    special: Type.Array(Type.Object({ date: Day, name: Type.String(), ...Hours.properties }), {
      description: 'Half days, and sessions on days that would be closed'
    }),
    knownUntil: Type.Optional(
      Type.String({ description: 'Last day that the lists cover; later days are weekday rules' })
    )
  },
  { $id: 'Calendar' }
)
export type Calendar = Static<typeof Calendar>

/** One trading day; instants are epoch milliseconds, ends exclusive. */
export type Session = {
  readonly date: string
  readonly name: string | undefined
  readonly pre: Interval | undefined
  readonly regular: Interval
  readonly closingAuction: Interval | undefined
  readonly post: Interval | undefined
}
export type Interval = { readonly open: number; readonly close: number }

export const SessionPhase = Type.Enum(['pre', 'continuous', 'closing_auction', 'post', 'closed'])
export type SessionPhase = Static<typeof SessionPhase>

export type SessionStatus = {
  readonly phase: SessionPhase
  /** As quotes carry it: the closing auction is `regular`. */
  readonly marketState: 'pre' | 'regular' | 'post' | 'closed'
  /** The trading day in progress (from the start of its pre session to the end of its post session). */
  readonly session: Session | undefined
  /** Start of the next regular session. */
  readonly nextOpen: number
  /** End of the regular session in progress. */
  readonly nextClose: number | undefined
  /** The phase has lasted since this instant, and lasts until that one. */
  readonly lastChange: number
  readonly nextChange: number
}

const DAY_MS = 86_400_000
const FIRST_DATE = '1900-01-01'
const LAST_DATE = '9999-12-31'
/** No exchange is closed for longer; a calendar that says so is broken. */
const MAX_CLOSED_DAYS = 40

/** The session of a date (YYYY-MM-DD in the exchange's zone), or undefined where the exchange is closed that day. */
export function sessionOn(calendar: Calendar, date: string): Session | undefined {
  const special = calendar.special.find((each) => each.date === date)
  const weekday = weekdayOf(date)
  if (!special && !isOrdinaryDay(calendar, date)) return undefined
  const hours = special ?? calendar.weekdayHours?.[weekday] ?? calendar.hours.findLast(({ from }) => from <= date)
  if (!hours) return undefined
  const interval = (span: readonly [string, string] | undefined): Interval | undefined =>
    span && {
      open: wallInstant(calendar.timeZone, date, span[0]),
      close: wallInstant(calendar.timeZone, date, span[1])
    }
  return {
    date,
    name: special?.name,
    pre: interval(hours.pre),
    regular: interval(hours.regular)!,
    closingAuction: interval(hours.closingAuction),
    post: interval(hours.post)
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

function isOrdinaryDay({ closed, weekdays }: Calendar, date: string): boolean {
  return weekdays.includes(weekdayOf(date)) && !closed.some((each) => each.date === date)
}

function weekdayOf(date: string): number {
  return new Date(`${date}T00:00:00Z`).getUTCDay()
}

/** What an exchange does at an instant, and when that changes. Throws RangeError for a calendar that never opens. */
export function statusAt(calendar: Calendar, instant: number): SessionStatus {
  const today = dateIn(calendar.timeZone, instant)
  const session = sessionOn(calendar, today)
  const next = nextSession(calendar, instant)
  const phase = session ? phaseAt(session, instant) : 'closed'
  const marketState = phase === 'continuous' || phase === 'closing_auction' ? 'regular' : phase
  const boundaries = [lastSession(calendar, instant), ...(session ? [session] : []), next].flatMap(boundariesOf)
  return {
    phase,
    marketState,
    session: phase === 'closed' ? undefined : session,
    nextOpen: next.regular.open,
    nextClose: marketState === 'regular' && session ? regularEnd(session) : undefined,
    lastChange: Math.max(...boundaries.filter((each) => each <= instant)),
    nextChange: Math.min(...boundaries.filter((each) => each > instant))
  }
}

/** The first session whose regular trading opens after the instant. */
export function nextSession(calendar: Calendar, instant: number): Session {
  for (let day = 0; day <= MAX_CLOSED_DAYS; day++) {
    const session = sessionOn(calendar, dateAfter(calendar, instant, day))
    if (session && session.regular.open > instant) return session
  }
  throw new RangeError(`the calendar of ${calendar.exchange} has no session within ${MAX_CLOSED_DAYS} days`)
}

/** The newest session whose regular trading opened at or before the instant. */
export function lastSession(calendar: Calendar, instant: number): Session {
  for (let day = 0; day <= MAX_CLOSED_DAYS; day++) {
    const session = sessionOn(calendar, dateAfter(calendar, instant, -day))
    if (session && session.regular.open <= instant) return session
  }
  throw new RangeError(`the calendar of ${calendar.exchange} had no session within ${MAX_CLOSED_DAYS} days`)
}

/** End of regular trading, the closing auction included. */
export function regularEnd({ regular, closingAuction }: Session): number {
  return closingAuction?.close ?? regular.close
}

function phaseAt({ pre, regular, closingAuction, post }: Session, instant: number): SessionPhase {
  const within = (interval: Interval | undefined) =>
    interval !== undefined && interval.open <= instant && instant < interval.close
  if (within(regular)) return 'continuous'
  if (within(closingAuction)) return 'closing_auction'
  if (within(pre)) return 'pre'
  return within(post) ? 'post' : 'closed'
}

function boundariesOf({ pre, regular, closingAuction, post }: Session): number[] {
  return [pre, regular, closingAuction, post].flatMap((interval) => (interval ? [interval.open, interval.close] : []))
}

/** Counts calendar days from noon, which no change of clocks moves into another day. */
function dateAfter({ timeZone }: Calendar, instant: number, days: number): string {
  const noon = Date.parse(`${dateIn(timeZone, instant)}T12:00:00Z`) + days * DAY_MS
  return new Date(noon).toISOString().slice(0, 10)
}

function wallInstant(timeZone: string, date: string, wall: string): number {
  const [year, month, day] = date.split('-').map(Number) as [number, number, number]
  const [hour, minute] = wall.split(':').map(Number) as [number, number]
  // Date.UTC carries 24:00 over to the next day, which is what an end of the day means.
  const carried = new Date(Date.UTC(year, month - 1, day, hour, minute))
  return instantOf(
    timeZone,
    carried.getUTCFullYear(),
    carried.getUTCMonth() + 1,
    carried.getUTCDate(),
    carried.getUTCHours(),
    carried.getUTCMinutes()
  )
}
