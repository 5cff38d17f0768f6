import type { SessionPhase } from '../market/session.ts'
import type { Canary } from './feed.ts'
import { ExpectedRate } from './expected-rate.ts'

/** Events that would have come meanwhile, were all well: that none of so many came by chance happens once in e^12. */
const MISSED_EVENTS = 12
/** A vendor may take breath. */
const LEAST_SILENCE_MS = 4000

/**
 * Decides whether a feed that says nothing is mute or quiet: by what its canary brings at least in this phase of the
 * session, and by what came at this minute of the week before. Where the canary is expected to bring nothing, no silence
 * is too long.
 */
export class SilenceWatch {
  readonly #canary: Canary
  readonly #rate = new ExpectedRate()
  #missed = 0
  #silentMs = 0

  constructor(canary: Canary) {
    this.#canary = canary
  }

  /** Events came (at epoch ms): the feed is not mute. Those of the canary tell what to expect. */
  came(canaryEvents: number, now: number): void {
    this.#missed = 0
    this.#silentMs = 0
    this.#rate.count(canaryEvents, now)
  }

  /** Nothing is expected of a feed that is not listened to, or was not for a while. */
  restart(): void {
    this.#missed = 0
    this.#silentMs = 0
    this.#rate.interrupted()
  }

  /** Time went by in which the canary was subscribed to; whether the feed has been silent for too long. */
  passed(lengthMs: number, phase: SessionPhase, now: number): boolean {
    const declared = this.#canary.perMinute[phase]
    if (declared === undefined) {
      this.restart()
      return false
    }
    this.#silentMs += lengthMs
    this.#missed += (this.#rate.perMinute(declared, now) * lengthMs) / 60_000
    return this.#missed >= MISSED_EVENTS && this.#silentMs >= LEAST_SILENCE_MS
  }
}
