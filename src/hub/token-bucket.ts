/** So many frames a second as are allowed, and once in a while twice as many. */
export class TokenBucket {
  readonly #perSecond: number
  #left: number
  #at: number

  /** `now` in epoch milliseconds, here and below. */
  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond
    this.#left = perSecond
    this.#at = now
  }

  /** Takes one; false where that is one too many. */
  take(now: number): boolean {
    this.#left += ((now - this.#at) / 1000) * this.#perSecond
    this.#left = Math.min(this.#left, 2 * this.#perSecond) - 1
    this.#at = now
    return this.#left >= 0
  }
}
