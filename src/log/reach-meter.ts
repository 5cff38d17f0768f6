import type { LogSource } from './source.ts'

/** Over so long the present rate is measured, at most. */
const WINDOW_MS = 30_000
/** Over a shorter time a rate says little. */
const MIN_WINDOW_MS = 2000
/** Answers are as old as this at most. */
const FRESH_MS = 1000

/** What a shard took up to an instant of the log's own clock. */
type Sample = { readonly atMs: number; readonly added: number; readonly bytesPerEntry: number; readonly heldMs: number }

export type ReachMeterOptions = {
  readonly source: LogSource
  readonly retentionMs: number
  /** What a shard that is trimmed by its size holds on average. */
  readonly heldBytes: number
}

/** Tells how far back the log reaches if events go on coming as they do. */
export class ReachMeter {
  readonly #options: ReachMeterOptions
  readonly #samples: Sample[][]
  #measuring: Promise<number> | undefined
  #measuredAt = -Infinity
  #seconds = 0

  constructor(options: ReachMeterOptions) {
    this.#options = options
    this.#samples = Array.from({ length: options.source.shards }, () => [])
  }

  /** Seconds, of the shard that reaches least far; the retention where the log's memory lasts longer. Rejects while the log is out of reach. */
  async seconds(): Promise<number> {
    if (performance.now() - this.#measuredAt < FRESH_MS) return this.#seconds
    this.#measuring ??= this.#measure().finally(() => (this.#measuring = undefined))
    return this.#measuring
  }

  async #measure(): Promise<number> {
    const shards = this.#samples.map((_, shard) => this.#secondsOf(shard))
    this.#seconds = Math.min(...(await Promise.all(shards)))
    this.#measuredAt = performance.now()
    return this.#seconds
  }

  async #secondsOf(shard: number): Promise<number> {
    const { source, retentionMs, heldBytes } = this.#options
    const samples = this.#samples[shard]!
    const { nowMs, bytes, entries, added, firstMs } = await source.usage(shard)
    if (entries === 0) return retentionMs / 1000
    const sample = { atMs: nowMs, added, bytesPerEntry: bytes / entries, heldMs: Math.max(1, nowMs - firstMs) }
    samples.push(sample)
    while (samples.length > 1 && samples[1]!.atMs <= nowMs - WINDOW_MS) samples.shift()
    const oldest = samples[0]!
    const windowMs = nowMs - oldest.atMs
    // What a former log held, before it was replaced, says nothing.
    const isMeasured = windowMs >= MIN_WINDOW_MS && added >= oldest.added
    const entriesPerMs = isMeasured ? (added - oldest.added) / windowMs : entries / sample.heldMs
    const reachMs = heldBytes / (entriesPerMs * sample.bytesPerEntry)
    return Math.min(retentionMs, reachMs) / 1000
  }
}
