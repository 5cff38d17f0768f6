/** Upper bounds in milliseconds. */
export const LAG_BOUNDS_MS = [0.25, 0.5, 1, 2, 3, 5, 10, 20, 50, 100, 250, 1000, 5000] as const

export type Lag = { counts: readonly number[]; count: number; sumMs: number; p50Ms: number; p99Ms: number }

/** How long events took from their append to the write that carried them to clients. */
export class LagHistogram {
  readonly #counts = new Float64Array(LAG_BOUNDS_MS.length + 1)
  #sumMs = 0

  observeAll(lagsMs: readonly number[]): void {
    for (const lagMs of lagsMs) {
      let bucket = 0
      while (bucket < LAG_BOUNDS_MS.length && lagMs > LAG_BOUNDS_MS[bucket]!) bucket++
      this.#counts[bucket]! += 1
      this.#sumMs += lagMs
    }
  }

  /** Since the start. A percentile is the bound of its bucket. */
  read(): Lag {
    const counts = [...this.#counts]
    const count = counts.reduce((sum, each) => sum + each, 0)
    return {
      counts,
      count,
      sumMs: this.#sumMs,
      p50Ms: boundOf(counts, count, 0.5),
      p99Ms: boundOf(counts, count, 0.99)
    }
  }
}

function boundOf(counts: readonly number[], count: number, share: number): number {
  let seen = 0
  for (const [bucket, each] of counts.entries()) {
    seen += each
    if (seen > 0 && seen >= count * share) return LAG_BOUNDS_MS[bucket] ?? LAG_BOUNDS_MS.at(-1)!
  }
  return 0
}
