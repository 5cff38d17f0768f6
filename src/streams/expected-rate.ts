import { DAY_MS, MINUTE_MS } from '../market/time.ts'

const MINUTES_PER_WEEK = (7 * DAY_MS) / MINUTE_MS
/** 1 January 1970 was a Thursday; any minute may be the first, as long as it is always the same one. */
const minuteOfWeek = (now: number) => Math.floor(now / MINUTE_MS) % MINUTES_PER_WEEK
/** The weight of the newest week. */
const NEWEST = 0.25
/** Markets differ from week to week: of what came before, so much is expected again. */
const CAUTION = 0.25

/** How many events come in each minute of the week, as it is seen: markets have a rhythm of days and of the hours in them. */
export class ExpectedRate {
  /** Negative: not seen yet. */
  readonly #perMinute = new Float32Array(MINUTES_PER_WEEK).fill(-1)
  #minute = -1
  #count = 0
  /** A minute that was joined in its middle, or interrupted, tells nothing. */
  #isWhole = false

  /** Counts events that came at an instant (epoch ms). */
  count(events: number, now: number): void {
    this.#turn(now)
    this.#count += events
  }

  /** What was counted of the running minute is not all that came. */
  interrupted(): void {
    this.#isWhole = false
  }

  /** Events that are to be expected per minute now (epoch ms): at least what is declared, and more where more was seen. */
  perMinute(declared: number, now: number): number {
    this.#turn(now)
    return Math.max(declared, CAUTION * this.#perMinute[minuteOfWeek(now)]!)
  }

  #turn(now: number): void {
    const minute = Math.floor(now / MINUTE_MS)
    if (minute === this.#minute) return
    if (this.#isWhole && minute === this.#minute + 1) this.#note(minuteOfWeek(this.#minute * MINUTE_MS), this.#count)
    this.#isWhole = minute === this.#minute + 1
    this.#minute = minute
    this.#count = 0
  }

  #note(at: number, count: number): void {
    const known = this.#perMinute[at]!
    this.#perMinute[at] = known < 0 ? count : known + NEWEST * (count - known)
  }
}
