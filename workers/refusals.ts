import { ApiError } from '../src/errors.ts'
import type { Answer } from '../src/market/market-data.ts'
import type { Attempt, AttemptOutcome, Provenance } from '../src/market/provenance.ts'

const PROVIDERS_ERRORS = new Set(['MARKET_DATA_UNAVAILABLE', 'NOT_COVERED', 'SYMBOL_NOT_FOUND'])
const REFUSALS: ReadonlySet<AttemptOutcome> = new Set(['rate_limited', 'budget_spent'])
const PASSING: ReadonlySet<AttemptOutcome> = new Set([...REFUSALS, 'circuit_open', 'unavailable'])
/** Of a provider that could not have answered at any other time either. */
const WITHOUT_SAY: ReadonlySet<AttemptOutcome> = new Set(['not_covered', 'unauthorized'])

/**
 * How long to wait, in milliseconds, where an error means nothing but that every provider that could answer refuses for
 * now, by its own limit or our budget for it; undefined for all other errors.
 */
export function refusedForMs(error: unknown): number | undefined {
  const outcomes = outcomesOf(error) ?? []
  const isRefusal = outcomes.length > 0 && outcomes.every((outcome) => REFUSALS.has(outcome))
  return isRefusal ? ((error as ApiError).retryAfterSeconds ?? 1) * 1000 : undefined
}

/** Whether asking again would bring no other answer: what was asked for is at fault, not the moment. */
export function isForGood(error: unknown): boolean {
  const outcomes = outcomesOf(error)
  return outcomes !== undefined && (outcomes.length === 0 || outcomes.some((outcome) => !PASSING.has(outcome)))
}

/** Of the providers that have a say; undefined where an error is none of theirs. */
function outcomesOf(error: unknown): AttemptOutcome[] | undefined {
  if (!(error instanceof ApiError) || !PROVIDERS_ERRORS.has(error.code)) return undefined
  // What is made of several answers tells what was missing instead.
  const { attempts = [] } = error.details as { attempts?: readonly Attempt[] }
  if (attempts.length === 0) return undefined
  return attempts.map(({ outcome }) => outcome).filter((outcome) => !WITHOUT_SAY.has(outcome))
}

/** Whether the providers gave a new value, and not the last good one had to stand in for it. */
export function isRenewed<T extends { provenance: Provenance }>(outcome: Answer<T> | Error): outcome is Answer<T> {
  return !(outcome instanceof Error) && !isStale(outcome)
}

export function isStale({ value }: Answer<{ provenance: Provenance }>): boolean {
  return value.provenance.state === 'stale'
}
