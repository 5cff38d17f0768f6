import type { Feed, Problem } from './feed.ts'

/** A connection that brings nothing may be chance; the second one in a row is the feed's. */
const STRIKES = 2
/** After so long on a feed that is not the first one, the first is tried again. */
const RETURN_AFTER_MS = 15 * 60_000

/** Which of several feeds to connect to: the first one that the plan includes and that brings something. */
export class FeedChoice {
  readonly #feeds: readonly Feed[]
  readonly #notInPlan = new Set<Feed>()
  #at = 0
  #strikes = 0
  #leftAt = 0

  /** In the order in which they are to be used; at least one. */
  constructor(feeds: readonly Feed[]) {
    this.#feeds = feeds
  }

  get current(): Feed {
    return this.#feeds[this.#at]!
  }

  /** The connection brings something. */
  proved(): void {
    this.#strikes = 0
  }

  /**
   * A connection failed, at milliseconds of a steady clock; whether another feed is to be used now. Where the vendor could
   * not even be reached, its other feeds cannot be either.
   */
  failed({ kind }: Problem, wasAuthenticated: boolean, elapsed: number): boolean {
    if (kind === 'entitlement') this.#notInPlan.add(this.current)
    else if (kind === 'transient' && wasAuthenticated) this.#strikes++
    if (kind !== 'entitlement' && this.#strikes < STRIKES) return false
    return this.#moveOn(elapsed)
  }

  /** Whether it is time to go back to the first feed, which is the current one from then on. */
  returns(elapsed: number): boolean {
    const first = this.#feeds.findIndex((feed) => !this.#notInPlan.has(feed))
    if (first < 0 || this.#at <= first || elapsed - this.#leftAt < RETURN_AFTER_MS) return false
    this.#at = first
    this.#strikes = 0
    return true
  }

  #moveOn(elapsed: number): boolean {
    const order = this.#feeds.map((_, step) => (this.#at + 1 + step) % this.#feeds.length)
    const next = order.find((at) => !this.#notInPlan.has(this.#feeds[at]!))
    if (next === undefined) {
      // Plans change: once all were refused, all are asked again.
      this.#notInPlan.clear()
      return false
    }
    this.#strikes = 0
    if (next === this.#at) return false
    this.#at = next
    this.#leftAt = elapsed
    return true
  }
}
