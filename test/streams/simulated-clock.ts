import type { Clock } from '../../src/streams/clock.ts'

type Timer = { readonly at: number; readonly callback: () => void }

/** Time that goes by when the test says so. Timers fire in their order, each at its instant. */
export class SimulatedClock implements Clock {
  #elapsed = 0
  #wallOffset: number
  #timers: Timer[] = []

  constructor(startsAt = Date.parse('2026-11-30T15:00:00Z')) {
    this.#wallOffset = startsAt
  }

  now = () => this.#wallOffset + this.#elapsed
  elapsed = () => this.#elapsed

  after = (delayMs: number, callback: () => void) => {
    const timer = { at: this.#elapsed + delayMs, callback }
    this.#timers.push(timer)
    return () => void (this.#timers = this.#timers.filter((each) => each !== timer))
  }

  pass(lengthMs: number): void {
    const until = this.#elapsed + lengthMs
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)[0]
      if (!due) break
      this.#timers = this.#timers.filter((each) => each !== due)
      this.#elapsed = Math.max(this.#elapsed, due.at)
      due.callback()
    }
    this.#elapsed = until
  }

  /** The process stands still: timers that were due meanwhile fire late. */
  standStill(lengthMs: number): void {
    this.#elapsed += lengthMs
    this.pass(0)
  }

  /** Somebody sets the clock, or the host sleeps: the steady clock knows nothing of it. */
  stepWall(byMs: number): void {
    this.#wallOffset += byMs
  }
}
