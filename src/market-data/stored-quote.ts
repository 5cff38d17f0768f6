import { inItsHours } from '../gateway/session-state.ts'
import type { HoursOf } from '../market/market-hours.ts'
import type { Quote } from '../market/quote.ts'

/**
 * A quote of before as it is to be labelled now, without asking anybody: closed where its market has shut since, and stale where
 * that is open and the quote was fresh until an instant that is over. Instants in epoch milliseconds.
 */
export function labelledNow(quote: Quote, freshUntil: number, hoursOf: HoursOf, now: number): Quote {
  const told = inItsHours(quote, hoursOf, now)
  const { state } = told.provenance
  const isOutlived = freshUntil <= now && (state === 'live' || state === 'delayed')
  return isOutlived ? { ...told, provenance: { ...told.provenance, state: 'stale' } } : told
}
