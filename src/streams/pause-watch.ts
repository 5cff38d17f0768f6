import type { Clock } from './clock.ts'

/** A turn that comes so much later than it was due was not just a busy process. */
const LATE_MS = 5000
/** By so much the two clocks may drift apart within a turn. */
const DRIFT_MS = 2000

/** Between two epoch milliseconds nobody here listened, or the clock did not tell the time. */
export type Pause = { readonly from: number; readonly until: number; readonly text: string }

/**
 * Tells a host that slept, a process that was stopped and a clock that was set from a vendor that says nothing. It must be
 * asked every `everyMs`.
 */
export class PauseWatch {
  readonly #clock: Clock
  readonly #everyMs: number
  #now: number
  #elapsed: number

  constructor(clock: Clock, everyMs: number) {
    this.#clock = clock
    this.#everyMs = everyMs
    this.#now = clock.now()
    this.#elapsed = clock.elapsed()
  }

  /** What happened since it was asked last; undefined where time went by as it should. */
  look(): Pause | undefined {
    const [now, elapsed] = [this.#clock.now(), this.#clock.elapsed()]
    const [byWall, bySteady] = [now - this.#now, elapsed - this.#elapsed]
    const before = this.#now
    this.#now = now
    this.#elapsed = elapsed
    if (byWall < bySteady - DRIFT_MS) {
      return { from: now, until: before, text: `the clock was set back by ${seconds(bySteady - byWall)} s` }
    }
    if (bySteady > this.#everyMs + LATE_MS) {
      return { from: before, until: now, text: `this process stood still for ${seconds(bySteady)} s` }
    }
    if (byWall > bySteady + DRIFT_MS) {
      return {
        from: before,
        until: now,
        text: `this host slept, or its clock was set forward, by ${seconds(byWall - bySteady)} s`
      }
    }
    return undefined
  }
}

const seconds = (lengthMs: number): number => Math.round(lengthMs / 1000)
