import type { Calendar } from '../market/calendar.ts'
import { isListed, regularEnd, sessionOn } from '../market/session.ts'
import { DAY_MS, MINUTE_MS } from '../market/time.ts'
import { offsetMs } from '../market/zoned-time.ts'
import { holidaysOf, type Holiday } from './holidays.ts'

/** History begins here; the walk of every price starts on this day. */
const FIRST_DAY = Date.UTC(2010, 0, 1) / DAY_MS
/** Room for the sessions of about a century, so that a far-off date costs no more than that. */
const LAST_DAY = FIRST_DAY + 36_525

const AROUND_THE_CLOCK = { open: 0, close: 24 * 60 }

/** Hours are minutes after local midnight. */
export type VenueHours = {
  readonly timeZone: string
  readonly open: number
  readonly close: number
  /** Absent where the venue has no trading outside its regular session. */
  readonly extended?: { readonly preOpen: number; readonly postClose: number }
  readonly days: 'weekdays' | 'all'
  /** The calendar of the real exchange: as far as its lists reach, days and hours are as they stand there. */
  readonly listed?: Calendar | undefined
  readonly holidays: readonly Holiday[]
}

/** One trading day. All instants are epoch milliseconds. */
export type Session = {
  /** Counts the venue's sessions since the first one. */
  readonly index: number
  /** YYYY-MM-DD in the venue's time zone. */
  readonly date: string
  readonly open: number
  readonly close: number
  readonly preOpen: number
  readonly postClose: number
}

export type Phase = 'pre' | 'regular' | 'post' | 'closed'

/** The sessions of one venue. With `alwaysOpen` every day is one, from midnight to midnight of the venue. */
export class TradingCalendar {
  readonly timeZone: string
  readonly #hours: VenueHours
  readonly #alwaysOpen: boolean
  readonly #days: number[] = []
  readonly #sessions = new Map<number, Session>()
  readonly #offsets = new Map<number, number>()
  #nextDay = FIRST_DAY

  constructor(hours: VenueHours, alwaysOpen: boolean) {
    this.#hours = hours
    this.#alwaysOpen = alwaysOpen
    this.timeZone = hours.timeZone
  }

  session(index: number): Session {
    const known = this.#sessions.get(index)
    if (known) return known
    const day = this.#dayOf(index)
    const session = this.#listedSession(index, day) ?? this.#ruledSession(index, day)
    this.#sessions.set(index, session)
    return session
  }

  #listedSession(index: number, day: number): Session | undefined {
    const date = dateOfDay(day)
    const { listed, extended } = this.#hours
    const found = !this.#alwaysOpen && listed && isListed(listed, date) ? sessionOn(listed, date) : undefined
    if (!found) return undefined
    const { open } = found.regular
    const close = regularEnd(found)
    const { pre, post } = extended ? found : {}
    return { index, date, open, close, preOpen: pre?.open ?? open, postClose: post?.close ?? close }
  }

  #ruledSession(index: number, day: number): Session {
    const { open, close, extended } = this.#alwaysOpen ? { ...AROUND_THE_CLOCK, extended: undefined } : this.#hours
    const opens = this.#instant(day, open)
    const closes = this.#instant(day, close)
    return {
      index,
      date: dateOfDay(day),
      open: opens,
      close: closes,
      preOpen: extended ? this.#instant(day, extended.preOpen) : opens,
      postClose: extended ? this.#instant(day, extended.postClose) : closes
    }
  }

  /** The last session that has opened by an instant; the very first one for all that came before. */
  sessionAt(at: number): Session {
    const day = Math.floor((at + this.#offset(Math.floor(at / DAY_MS))) / DAY_MS)
    const session = this.session(this.indexOnOrBefore(day))
    return session.open > at && session.index > 0 ? this.session(session.index - 1) : session
  }

  /** The sessions whose regular hours overlap a span of time (`to` exclusive), oldest first. */
  sessionsBetween(from: number, to: number): Session[] {
    const found: Session[] = []
    for (let session = this.sessionAt(from); session.open < to; session = this.session(session.index + 1)) {
      if (session.close > from) found.push(session)
    }
    return found
  }

  phaseAt(at: number): Phase {
    const session = this.sessionAt(at)
    if (at < session.open) return 'closed'
    if (at < session.close) return 'regular'
    if (at < session.postClose) return 'post'
    return at >= this.session(session.index + 1).preOpen ? 'pre' : 'closed'
  }

  /** The last session on or before a local date (days since 1970), or the first session. */
  indexOnOrBefore(day: number): number {
    this.#extendTo(day)
    let [low, high] = [0, this.#days.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#days[middle]! <= day) low = middle
      else high = middle - 1
    }
    return low
  }

  /** The first session on or after a date (YYYY-MM-DD). */
  sessionOnOrAfter(date: string): Session {
    const day = dayOfDate(date)
    const index = this.indexOnOrBefore(day)
    return this.session(this.#days[index]! < day ? index + 1 : index)
  }

  /** Weekdays in a span of dates on which the venue rests. */
  holidaysBetween(from: string, to: string): string[] {
    const found: string[] = []
    for (let day = dayOfDate(from); day <= dayOfDate(to); day++) {
      if (!isWeekend(day) && !this.#isTradingDay(day)) found.push(dateOfDay(day))
    }
    return found
  }

  /** The instant of a wall time (minutes after midnight) on a date of the venue. */
  instantOn(date: string, minutes: number): number {
    return this.#instant(dayOfDate(date), minutes)
  }

  /** When the venue's regular session opens, in minutes after local midnight. */
  get opensAtMinute(): number {
    return this.#alwaysOpen ? AROUND_THE_CLOCK.open : this.#hours.open
  }

  #dayOf(index: number): number {
    while (this.#days.length <= index && this.#nextDay < LAST_DAY) this.#extendTo(this.#nextDay + 30)
    return this.#days[Math.min(index, this.#days.length - 1)]!
  }

  #extendTo(day: number): void {
    const last = Math.min(Math.max(day, FIRST_DAY + 30), LAST_DAY)
    for (; this.#nextDay <= last; this.#nextDay++) if (this.#isTradingDay(this.#nextDay)) this.#days.push(this.#nextDay)
  }

  #isTradingDay(day: number): boolean {
    if (this.#alwaysOpen || this.#hours.days === 'all') return true
    const { listed } = this.#hours
    const date = dateOfDay(day)
    if (listed && isListed(listed, date)) return sessionOn(listed, date) !== undefined
    return !isWeekend(day) && !holidaysOf(new Date(day * DAY_MS).getUTCFullYear(), this.#hours.holidays).has(day)
  }

  #instant(day: number, minutes: number): number {
    const wall = day * DAY_MS + minutes * MINUTE_MS
    const noon = this.#offset(day)
    // Clocks change at night: midnight may still, or already, have the offset of the day beside.
    const offset = this.#changesAround(day) ? offsetMs(this.#hours.timeZone, wall - noon) : noon
    return wall - offset
  }

  #changesAround(day: number): boolean {
    return this.#offset(day) !== this.#offset(day - 1) || this.#offset(day) !== this.#offset(day + 1)
  }

  /** Zone offset on a day; asked once per month where no change of clocks falls into it, for Intl is slow. */
  #offset(day: number): number {
    const date = new Date(day * DAY_MS)
    const monthStart = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) / DAY_MS
    const nextMonth = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) / DAY_MS
    const [first, last] = [this.#noonOffset(monthStart), this.#noonOffset(nextMonth)]
    return first === last ? first : this.#noonOffset(day)
  }

  #noonOffset(day: number): number {
    let offset = this.#offsets.get(day)
    if (offset === undefined) {
      offset = offsetMs(this.#hours.timeZone, day * DAY_MS + DAY_MS / 2)
      this.#offsets.set(day, offset)
    }
    return offset
  }
}

/** Days since 1970 of a date (YYYY-MM-DD); NaN where it is none. */
export function dayOfDate(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / DAY_MS
}

export function dateOfDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

function isWeekend(day: number): boolean {
  // 1970-01-01 was a Thursday.
  return ((day + 4) % 7) % 6 === 0
}
