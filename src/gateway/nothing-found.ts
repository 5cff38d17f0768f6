import { MarketDataUnavailable, SymbolNotFound } from '../errors.ts'
import type { BarRequest } from '../market/bar.ts'
import type { HoursOf } from '../market/market-hours.ts'
import type { AttemptOutcome } from '../market/provenance.ts'
import type { SearchResult } from '../market/search.ts'
import { isoOf } from '../market/time.ts'
import { wasShut } from '../providers/series-range.ts'

const OUTCOMES_OF_NOTHING: ReadonlySet<AttemptOutcome> = new Set(['not_found', 'not_asked'])

/**
 * The empty result of a search for which every vendor was asked, but those that are spared or whose quota is spent for long,
 * and found nothing. Throws the error as it is where another could not be asked: it might have found something. `now` in
 * epoch milliseconds.
 */
export function nothingFound(query: string, error: unknown, now: number): SearchResult {
  const attempts = error instanceof MarketDataUnavailable ? [...error.details.attempts] : []
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

/**
 * Of bars that no vendor gave, throws the error as it is where somebody could trade in the range. Else there are no bars,
 * whoever might be asked, and vendors say the same of such a range and of a symbol that they do not know: that says nothing of
 * the symbol. `now` in epoch milliseconds.
 */
export function barsWhileShut(
  request: BarRequest,
  error: unknown,
  { now, hoursOf }: { now: number; hoursOf: HoursOf }
): never {
  const isOfVendors = error instanceof MarketDataUnavailable || error instanceof SymbolNotFound
  if (!isOfVendors || !wasShut(request, now, hoursOf)) throw error
  const { attempts } = error.details
  throw new MarketDataUnavailable(request.symbol, attempts, 1, {
    isOfSymbol: true,
    isUnconfirmed: true,
    isLacking: true
  })
}
