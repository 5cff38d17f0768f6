/** Upper bounds in seconds, from a memory hit to a slow fallback. */
export const LATENCY_BOUNDS_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5
] as const

const BUCKETS = LATENCY_BOUNDS_SECONDS.length + 1
const SUM = BUCKETS
const STRIDE = BUCKETS + 1
const STATUS_CLASSES = 5

export type StatusClass = '1xx' | '2xx' | '3xx' | '4xx' | '5xx'

/** Counts of one status class. `counts` are per bucket, not cumulative; the last bucket has no bound. */
export type LatencyCounts = { statusClass: StatusClass; counts: readonly number[]; sumSeconds: number }

/**
 * How long the requests of one route took, by status class. Kept in one typed array, because a metrics library's
 * observation costs more than the cached answer it measures; it is turned into text when it is scraped.
 */
export class LatencyHistogram {
  readonly #cells = new Float64Array(STRIDE * STATUS_CLASSES)

  observe(statusCode: number, seconds: number): void {
    const offset = (((statusCode / 100) | 0) - 1) * STRIDE
    let bucket = 0
    while (bucket < BUCKETS - 1 && seconds > LATENCY_BOUNDS_SECONDS[bucket]!) bucket++
    this.#cells[offset + bucket]! += 1
    this.#cells[offset + SUM]! += seconds
  }

  /** Status classes that occurred. */
  read(): LatencyCounts[] {
    return Array.from({ length: STATUS_CLASSES }, (_, index) => {
      const cells = this.#cells.subarray(index * STRIDE, (index + 1) * STRIDE)
      return {
        statusClass: `${index + 1}xx` as StatusClass,
        counts: Array.from(cells.subarray(0, BUCKETS)),
        sumSeconds: cells[SUM]!
      }
    }).filter(({ counts }) => counts.some((count) => count > 0))
  }
}
