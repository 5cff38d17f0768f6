import { exchangeOf } from './calendars.ts'
import { MarketHours } from './market-hours.ts'
import type { Calendar } from './calendar.ts'
import { regularEnd, type SessionStatus } from './session.ts'

/** Tells in no time what each exchange is doing now; its calendars can be replaced while it runs. */
export class SessionClock {
  #hours = new Map<string, MarketHours>()

  constructor(calendars: readonly Calendar[]) {
    this.replace(calendars)
  }

  get calendars(): readonly Calendar[] {
    return [...this.#hours.values()].map(({ calendar }) => calendar)
  }

  replace(calendars: readonly Calendar[]): void {
    this.#hours = new Map(calendars.map((calendar) => [calendar.exchange, new MarketHours(calendar)]))
  }

  /** The hours of the exchange that a canonical symbol is listed on; undefined where its calendar is not known. */
  readonly hoursOf = (symbol: string): MarketHours | undefined => {
    const exchange = exchangeOf(symbol)
    return exchange === undefined ? undefined : this.#hours.get(exchange)
  }

  /** The hours of an exchange, or of a segment of one; undefined where there is no calendar. */
  hoursAt(exchange: string): MarketHours | undefined {
    return this.#hours.get(exchange)
  }

  /** Undefined for an exchange without a calendar. `instant` in epoch milliseconds. */
  status(exchange: string, instant: number): SessionStatus | undefined {
    return this.#hours.get(exchange)?.status(instant)
  }

  /** The status of the exchange that a canonical symbol is listed on; undefined where that is not known. */
  statusOfSymbol(symbol: string, instant: number): SessionStatus | undefined {
    return this.hoursOf(symbol)?.status(instant)
  }

  /** When the regular session that began last, of the exchange that a symbol is listed on, ends or ended (epoch ms). */
  lastEndOfSymbol(symbol: string, instant: number): number | undefined {
    const session = this.hoursOf(symbol)?.sessionBefore(instant)
    return session && regularEnd(session)
  }
}
