import type { Calendar } from './calendar.ts'
import {
  isNextSession,
  lastSession,
  nextSession,
  regularEnd,
  statusAt,
  type Session,
  type SessionStatus
} from './session.ts'

const MAX_STATUSES = 3

/** Says when the market of a canonical symbol is open; undefined where that is not known. */
export type HoursOf = (symbol: string) => MarketHours | undefined

/** One calendar, with what was last asked of it at hand: working a session out takes some hundred look-ups of its time zone. */
export class MarketHours {
  readonly calendar: Calendar
  /** Newest first. Around the end of a phase the instants of both sides are asked for in turn. */
  #statuses: readonly SessionStatus[] = []
  #last: { session: Session; until: number } | undefined
  /** All symbols ask for the same dates when a day begins. */
  #next: { before: string; date: string; isNext: boolean } | undefined

  constructor(calendar: Calendar) {
    this.calendar = calendar
  }

  /** What the market does at an instant (epoch milliseconds). Throws RangeError for a calendar that never opens. */
  status(instant: number): SessionStatus {
    for (const known of this.#statuses) {
      if (known.lastChange <= instant && instant < known.nextChange) return known
    }
    const status = statusAt(this.calendar, instant)
    this.#statuses = [status, ...this.#statuses.slice(0, MAX_STATUSES - 1)]
    return status
  }

  /** The newest session that had opened by an instant (epoch ms); undefined where the calendar knows of none before. */
  sessionBefore(instant: number): Session | undefined {
    const known = this.#last
    if (known && known.session.regular.open <= instant && instant < known.until) return known.session
    try {
      const session = lastSession(this.calendar, instant)
      this.#last = { session, until: nextSession(this.calendar, instant).regular.open }
      return session
    } catch (error) {
      if (error instanceof RangeError) return undefined
      throw error
    }
  }

  /** Whether no session lies between those of two dates (YYYY-MM-DD). */
  isNextSession(before: string, date: string): boolean {
    const known = this.#next
    if (known?.before === before && known.date === date) return known.isNext
    const isNext = isNextSession(this.calendar, before, date)
    this.#next = { before, date, isNext }
    return isNext
  }

  /** Whether regular trading ended between a session and an instant (epoch ms); days that follow without a break are one. */
  hasShutSince(session: Session, instant: number): boolean {
    let newest = session
    for (let end = regularEnd(newest); end <= instant; end = regularEnd(newest)) {
      newest = nextSession(this.calendar, newest.regular.open)
      if (newest.regular.open > end) return true
    }
    return false
  }
}
