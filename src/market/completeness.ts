import { Type, type Static } from 'typebox'
import { Gap } from './gap.ts'
import { Feed } from './provenance.ts'
import type { Interval as Span, Session } from './session.ts'
import { TickSession } from './tick.ts'
import { MINUTE_MS } from './time.ts'

const Minutes = (description: string) => Type.Integer({ minimum: 0, description })

const Counted = {
  expectedMinutes: Minutes('Of the session, as far as it is over'),
  receivedMinutes: Minutes('In which the feed was listened to all the time'),
  backfilledMinutes: Minutes('In which it was not, and what was missed was asked for later'),
  unfillableMinutes: Minutes('In which it was not, and nobody has any more what was missed'),
  missingMinutes: Minutes('In which it was not, and what was missed is still to be asked for')
}

export const SessionCompleteness = Type.Object({
  session: TickSession,
  open: Type.String({ format: 'date-time', description: 'UTC' }),
  close: Type.String({ format: 'date-time', description: 'UTC' }),
  ...Counted,
  tradedMinutes: Minutes('Of which there is a bar; a quiet minute has none')
})
export type SessionCompleteness = Static<typeof SessionCompleteness>

/** How much of a day's trades of a symbol is here, by the ledger of gaps. The four kinds of minutes add up to those expected. */
export const Completeness = Type.Object(
  {
    symbol: Type.String({ description: 'Canonical, as it was that day' }),
    date: Type.String({ description: "Date of the session (YYYY-MM-DD), in the exchange's zone" }),
    exchange: Type.String({ description: 'Whose calendar it is measured by', examples: ['XNYS'] }),
    timeZone: Type.String({ description: 'IANA' }),
    expectedMinutes: Minutes('Of all sessions of the day, as far as they are over; 0 where the exchange is closed'),
    feeds: Type.Array(
      Type.Object({
        source: Type.String(),
        feed: Feed,
        ...Counted,
        sessions: Type.Array(SessionCompleteness),
        gaps: Type.Array(Gap)
      }),
      { description: 'Those that brought a trade of it that day, or of which a gap is known' }
    )
  },
  { $id: 'Completeness' }
)
export type Completeness = Static<typeof Completeness>

type PartName = Static<typeof TickSession>
export type SessionPartSpan = Span & { readonly session: PartName }

/** The parts of a trading day as ticks name them, in their order; the closing auction is part of the regular session. */
export function partsOf({ overnight, pre, regular, closingAuction, post }: Session): SessionPartSpan[] {
  const parts: (SessionPartSpan | undefined)[] = [
    overnight && { session: 'overnight', ...overnight },
    pre && { session: 'pre', ...pre },
    { session: 'regular', open: regular.open, close: closingAuction?.close ?? regular.close },
    post && { session: 'post', ...post }
  ]
  return parts.filter((part) => part !== undefined)
}

const RECEIVED = 0
const BACKFILLED = 1
const MISSING = 2
const UNFILLABLE = 3

/**
 * Counts the minutes of a session that are over by an instant (epoch ms). A minute that a gap touches is as bad as the worst
 * of its gaps. `barStarts`: when the bars of its minutes start, epoch ms.
 */
export function completenessOf(
  part: SessionPartSpan,
  gaps: readonly Pick<Gap, 'from' | 'until' | 'state'>[],
  barStarts: readonly number[],
  now: number
): SessionCompleteness {
  const over = Math.min(part.close, Math.floor(now / MINUTE_MS) * MINUTE_MS)
  const minutes = new Uint8Array(Math.max(0, Math.ceil((over - part.open) / MINUTE_MS)))
  for (const { from, until, state } of gaps) {
    const kind = state === 'filled' ? BACKFILLED : state === 'unfillable' ? UNFILLABLE : MISSING
    const first = Math.max(0, Math.floor((Date.parse(from) - part.open) / MINUTE_MS))
    const end = until === undefined ? minutes.length : Math.ceil((Date.parse(until) - part.open) / MINUTE_MS)
    for (let minute = first; minute < Math.min(end, minutes.length); minute++) {
      minutes[minute] = Math.max(minutes[minute]!, kind)
    }
  }
  const counts = [0, 0, 0, 0]
  for (const kind of minutes) counts[kind]!++
  return {
    session: part.session,
    open: new Date(part.open).toISOString(),
    close: new Date(part.close).toISOString(),
    expectedMinutes: minutes.length,
    receivedMinutes: counts[RECEIVED]!,
    backfilledMinutes: counts[BACKFILLED]!,
    unfillableMinutes: counts[UNFILLABLE]!,
    missingMinutes: counts[MISSING]!,
    tradedMinutes: barStarts.filter((start) => part.open <= start && start < part.close).length
  }
}

const COUNTED = Object.keys(Counted) as (keyof typeof Counted)[]

/** The counts of several sessions added up. */
export function totalOf(sessions: readonly SessionCompleteness[]): Pick<SessionCompleteness, keyof typeof Counted> {
  const sum = (name: keyof typeof Counted) => sessions.reduce((total, each) => total + each[name], 0)
  return Object.fromEntries(COUNTED.map((name) => [name, sum(name)])) as ReturnType<typeof totalOf>
}
