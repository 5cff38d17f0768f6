export type BucketSize = {
  /** It holds no more. */
  readonly capacity: number
  /** It fills evenly, and takes so long from empty to full. */
  readonly refillMs: number
}

/** What may still be done of something that is allowed so often in a time. Instants in milliseconds, of whichever clock. */
export class TokenBucket {
  readonly #capacity: number
  readonly #refillMs: number
  /** As of the last refill; below zero is a debt. */
  tokens: number
  #refilledAt: number

  constructor({ capacity, refillMs }: BucketSize, tokens: number, now: number) {
    this.#capacity = capacity
    this.#refillMs = refillMs
    this.tokens = tokens
    this.#refilledAt = now
  }

  /** Takes so many; false, and nothing is taken, where there are fewer. */
  take(now: number, count = 1): boolean {
    this.refill(now)
    if (this.tokens < count) return false
    this.tokens -= count
    return true
  }

  giveBack(count: number): void {
    this.tokens = Math.min(this.#capacity, this.tokens + count)
  }

  refill(now: number): void {
    const elapsedMs = Math.max(0, now - this.#refilledAt) // a clock may be set back
    this.giveBack((elapsedMs * this.#capacity) / this.#refillMs)
    this.#refilledAt = now
  }

  /** Holds so many from now on. */
  reset(tokens: number, now: number): void {
    this.tokens = tokens
    this.#refilledAt = now
  }

  /** Until there are so many. */
  msUntil(tokens: number): number {
    return ((tokens - this.tokens) * this.#refillMs) / this.#capacity
  }
}
