import type { Feed } from './provenance.ts'
import type { SessionPhase } from './session.ts'

/** When the exchanges themselves are shut. Where they trade at night, that is a phase of its own. */
const NIGHT: ReadonlySet<SessionPhase> = new Set(['overnight', 'closed'])
/** Venues that trade at night alone: Blue Ocean takes orders from 20:00 to 04:00 in New York. */
const NIGHT_FEEDS: ReadonlySet<Feed> = new Set(['overnight', 'boats'])
/** Venues that never do. */
const DAY_FEEDS: ReadonlySet<Feed> = new Set(['iex'])

/** Whether anything trades, on what a feed listens to, in a phase of the session. */
export function tradesIn(feed: Feed, phase: SessionPhase): boolean {
  return NIGHT.has(phase) ? !DAY_FEEDS.has(feed) : !NIGHT_FEEDS.has(feed)
}
