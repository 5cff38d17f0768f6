import { ApiError } from '../src/errors.ts'
import type { Answer } from '../src/market/market-data.ts'
import type { Attempt, AttemptOutcome, Provenance } from '../src/market/provenance.ts'

const REFUSALS: ReadonlySet<AttemptOutcome> = new Set(['rate_limited', 'budget_spent'])

/**
 * How long to wait, in milliseconds, where an error means nothing but that every provider refuses for now, by its own
 * limit or our budget for it; undefined for all other errors.
 */
export function refusedForMs(error: unknown): number | undefined {
  if (!(error instanceof ApiError) || error.code !== 'MARKET_DATA_UNAVAILABLE') return undefined
  // What is made of several answers tells what was missing instead.
  const { attempts = [] } = error.details as { attempts?: readonly Attempt[] }
  const isRefusal = attempts.length > 0 && attempts.every(({ outcome }) => REFUSALS.has(outcome))
  return isRefusal ? (error.retryAfterSeconds ?? 1) * 1000 : undefined
}

/** Whether the providers gave a new value, and not the last good one had to stand in for it. */
export function isRenewed<T extends { provenance: Provenance }>(outcome: Answer<T> | Error): outcome is Answer<T> {
  return !(outcome instanceof Error) && !isStale(outcome)
}

export function isStale({ value }: Answer<{ provenance: Provenance }>): boolean {
  return value.provenance.state === 'stale'
}
