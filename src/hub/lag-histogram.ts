import { Histogram } from '../histogram.ts'

/** Upper bounds in milliseconds. */
export const LAG_BOUNDS_MS = [0.25, 0.5, 1, 2, 3, 5, 10, 20, 50, 100, 250, 1000, 5000] as const

export type Lag = { counts: readonly number[]; count: number; sumMs: number; p50Ms: number; p99Ms: number }

/** How long events took from their append to the write that carried them to clients. */
export class LagHistogram {
  readonly #histogram = new Histogram(LAG_BOUNDS_MS)

  observeAll(lagsMs: readonly number[]): void {
    for (const lagMs of lagsMs) this.#histogram.observe(lagMs)
  }

  /** Since the start. A percentile is the bound of its bucket. */
  read(): Lag {
    const { counts, count, sum } = this.#histogram.read()
    return {
      counts,
      count,
      sumMs: sum,
      p50Ms: this.#histogram.percentile(0.5),
      p99Ms: this.#histogram.percentile(0.99)
    }
  }
}
