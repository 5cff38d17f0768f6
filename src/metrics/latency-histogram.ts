import { Histogram } from '../histogram.ts'

/** Upper bounds in seconds, from a memory hit to a slow fallback. */
export const LATENCY_BOUNDS_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5
] as const

const STATUS_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const
export type StatusClass = (typeof STATUS_CLASSES)[number]

/** Counts of one status class. `counts` are per bucket, not cumulative; the last bucket has no bound. */
export type LatencyCounts = { statusClass: StatusClass; counts: readonly number[]; sumSeconds: number }

/** How long the requests of one route took, by status class; turned into text when it is scraped. */
export class LatencyHistogram {
  /** Of those that occurred: most routes never see most of them. */
  readonly #byClass: (Histogram | undefined)[] = STATUS_CLASSES.map(() => undefined)

  observe(statusCode: number, seconds: number): void {
    const index = ((statusCode / 100) | 0) - 1
    const histogram = (this.#byClass[index] ??= new Histogram(LATENCY_BOUNDS_SECONDS))
    histogram.observe(seconds)
  }

  /** Status classes that occurred. */
  read(): LatencyCounts[] {
    return STATUS_CLASSES.flatMap((statusClass, index) => {
      const histogram = this.#byClass[index]
      if (!histogram) return []
      const { counts, sum } = histogram.read()
      return [{ statusClass, counts, sumSeconds: sum }]
    })
  }
}
