import { exchangeOf } from './calendars.ts'
import { lastSession, regularEnd, statusAt, type Calendar, type SessionStatus } from './session.ts'

/** Tells in no time what each exchange is doing now; its calendars can be replaced while it runs. */
export class SessionClock {
  #calendars = new Map<string, Calendar>()
  readonly #known = new Map<string, { from: number; status: SessionStatus }>()

  constructor(calendars: readonly Calendar[]) {
    this.replace(calendars)
  }

  get calendars(): readonly Calendar[] {
    return [...this.#calendars.values()]
  }

  replace(calendars: readonly Calendar[]): void {
    this.#calendars = new Map(calendars.map((calendar) => [calendar.exchange, calendar]))
    this.#known.clear()
  }

  /** Undefined for an exchange without a calendar. `instant` in epoch milliseconds. */
  status(exchange: string, instant: number): SessionStatus | undefined {
    const known = this.#known.get(exchange)
    if (known && known.from <= instant && instant < known.status.nextChange) return known.status
    const calendar = this.#calendars.get(exchange)
    if (!calendar) return undefined
    const status = statusAt(calendar, instant)
    this.#known.set(exchange, { from: instant, status })
    return status
  }

  /** The status of the exchange that a canonical symbol is listed on; undefined where that is not known. */
  statusOfSymbol(symbol: string, instant: number): SessionStatus | undefined {
    const exchange = exchangeOf(symbol)
    return exchange === undefined ? undefined : this.status(exchange, instant)
  }

  /** When the regular session that began last, of the exchange that a symbol is listed on, ends or ended (epoch ms). */
  lastEndOfSymbol(symbol: string, instant: number): number | undefined {
    const exchange = exchangeOf(symbol)
    const calendar = exchange === undefined ? undefined : this.#calendars.get(exchange)
    return calendar && regularEnd(lastSession(calendar, instant))
  }
}
