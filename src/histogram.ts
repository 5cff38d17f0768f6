/**
 * How often values fell between bounds, kept in one typed array: a metrics library's observation costs more than the answer
 * that it measures. A value belongs to the first bound that is not below it; the last count has no bound.
 */
export class Histogram {
  readonly bounds: readonly number[]
  /** One count more than there are bounds, and behind them the sum of all values. */
  readonly #cells: Float64Array

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.#cells = new Float64Array(bounds.length + 2)
  }

  observe(value: number): void {
    const { bounds } = this
    let bucket = 0
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++
    this.#cells[bucket]! += 1
    this.#cells[bounds.length + 1]! += value
  }

  /** Since the start; `counts` are per bucket, not cumulative. */
  read(): { counts: readonly number[]; count: number; sum: number } {
    const counts = Array.from(this.#cells.subarray(0, -1))
    return { counts, count: counts.reduce((sum, each) => sum + each, 0), sum: this.#cells.at(-1)! }
  }

  /** The bound of the bucket that such a share (0 to 1) of the values lies in or below; 0 where there are none. */
  percentile(share: number): number {
    const { counts, count } = this.read()
    let seen = 0
    for (const [bucket, each] of counts.entries()) {
      seen += each
      if (seen > 0 && seen >= count * share) return this.bounds[bucket] ?? this.bounds.at(-1)!
    }
    return 0
  }
}
