import { MarketDataUnavailable } from '../errors.ts'
import type { Attempt } from '../market/provenance.ts'
import type { SearchResult } from '../market/search.ts'

/**
 * The empty result of a search for which every vendor was asked and found nothing. Throws the error as it is where a
 * vendor could not be asked: it might have found something. `now` in epoch milliseconds.
 */
export function nothingFound(query: string, error: unknown, now: number): SearchResult {
  const attempts = error instanceof MarketDataUnavailable ? (error.details as { attempts: Attempt[] }).attempts : []
  const asked = attempts.filter(({ outcome }) => outcome !== 'not_covered')
  if (asked.length === 0 || asked.some(({ outcome }) => outcome !== 'not_found')) throw error
  return {
    query,
    matches: [],
    provenance: {
      source: asked.map(({ provider }) => provider).join(', '),
      feed: 'composite',
      receivedAt: new Date(now).toISOString(),
      state: 'live',
      attempts
    }
  }
}
