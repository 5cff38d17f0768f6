import { MarketDataUnavailable } from '../errors.ts'
import type { Attempt, AttemptOutcome } from '../market/provenance.ts'
import type { SearchResult } from '../market/search.ts'
import { isoOf } from '../market/time.ts'

const OUTCOMES_OF_NOTHING: ReadonlySet<AttemptOutcome> = new Set(['not_found', 'not_asked'])

/**
 * The empty result of a search for which every vendor was asked, but those that are spared, and found nothing. Throws the
 * error as it is where a vendor could not be asked: it might have found something. `now` in epoch milliseconds.
 */
export function nothingFound(query: string, error: unknown, now: number): SearchResult {
  const attempts = error instanceof MarketDataUnavailable ? (error.details as { attempts: Attempt[] }).attempts : []
  const asked = attempts.filter(({ outcome }) => outcome !== 'not_covered')
  if (asked.length === 0 || asked.some(({ outcome }) => !OUTCOMES_OF_NOTHING.has(outcome))) throw error
  return {
    query,
    matches: [],
    provenance: {
      source: asked.flatMap(({ provider, outcome }) => (outcome === 'not_found' ? provider : [])).join(', '),
      feed: 'composite',
      receivedAt: isoOf(now),
      state: 'live',
      attempts
    }
  }
}
