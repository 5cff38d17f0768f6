import type { AttemptOutcome } from '../market/provenance.ts'
import type { ProviderStatus } from '../market/provider-status.ts'
import { isoOf } from '../market/time.ts'

/** What came of one call: an answer, or why there was none. */
export type CallOutcome = 'answered' | AttemptOutcome

const MAX_LATENCIES = 512

/** What one provider did for this process since its start; latencies are those of the newest calls. */
export class ProviderRecord {
  readonly #calls = new Map<CallOutcome, number>()
  readonly #latencies = new Float64Array(MAX_LATENCIES)
  #measured = 0
  #lastSuccessAt: number | undefined
  #lastFailure: { at: number; outcome: CallOutcome } | undefined

  /** `durationMs` is undefined where the provider was not asked; `at` in epoch milliseconds. */
  add(outcome: CallOutcome, at: number, durationMs: number | undefined): void {
    this.#calls.set(outcome, (this.#calls.get(outcome) ?? 0) + 1)
    if (durationMs === undefined) return
    this.#latencies[this.#measured++ % MAX_LATENCIES] = durationMs
    if (outcome === 'answered') this.#lastSuccessAt = at
    else if (outcome !== 'not_found') this.#lastFailure = { at, outcome }
  }

  status(): Pick<ProviderStatus, 'calls' | 'latencyMs' | 'lastSuccessAt' | 'lastFailure'> {
    const sorted = this.#latencies.slice(0, Math.min(this.#measured, MAX_LATENCIES)).sort()
    const percentile = (share: number) => sorted[Math.ceil(sorted.length * share) - 1]!
    return {
      calls: Object.fromEntries(this.#calls),
      ...(sorted.length > 0 && { latencyMs: { p50: percentile(0.5), p99: percentile(0.99) } }),
      ...(this.#lastSuccessAt !== undefined && { lastSuccessAt: isoOf(this.#lastSuccessAt) }),
      ...(this.#lastFailure && {
        lastFailure: { at: isoOf(this.#lastFailure.at), outcome: this.#lastFailure.outcome }
      })
    }
  }
}
