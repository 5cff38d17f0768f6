/** Two clocks: one that people set, and one that only ever goes forward. */
export type Clock = {
  /** Epoch milliseconds. It may be stepped. */
  now(): number
  /** Milliseconds of a clock that is never stepped; from no particular instant on. */
  elapsed(): number
  /** Calls back once after so many milliseconds of the second clock; the function that comes back prevents it. */
  after(delayMs: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  }
}
