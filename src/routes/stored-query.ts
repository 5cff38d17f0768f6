import { Type } from 'typebox'
import { InvalidField } from '../errors.ts'
import { parseInstantNs, type InstantNs } from '../market/instant-ns.ts'
import { Feed } from '../market/provenance.ts'
import { DAY_MS } from '../market/time.ts'
import { DayOrInstant, instantOf, isDate } from './instant.ts'

export type StoredRouteOptions = {
  /** Further addresses of the same routes, for clients of paths without a version; the document names the first. */
  isAlias?: boolean
}

/** Before all bars that anybody has, epoch ms. */
export const BEGINNING = Date.parse('1900-01-01')

/** Of whom. */
export const SOURCE_QUERY = {
  source: Type.Optional(
    Type.String({
      title: 'source',
      pattern: '^[a-z0-9-]{1,64}$',
      description: 'A provider; of bars also `alpaca-trades`, say: those made here of its trades',
      examples: ['alpaca-trades']
    })
  ),
  feed: Type.Optional(Type.Enum([...Feed.enum], { description: 'Which tape' }))
}

export const START = DayOrInstant('Date (its midnight, UTC) or instant, inclusive, not in the future')
export const END = DayOrInstant('Date (inclusive) or instant (exclusive), after start; now where it is missing')
export const AS_OF = DayOrInstant('As it stood at the end of a date (UTC) or at an instant, not in the future')

/** What lies in [from, to). */
export type Span = { readonly from: InstantNs; readonly to: InstantNs }

/** Epoch milliseconds; later than everything that is stored, whatever a vendor's clock says. */
const laterThanNow = (now: number) => now + DAY_MS

/**
 * What a request's `start` and `end` mean; without a start so long (ms) before the end. Throws INVALID_REQUEST naming the
 * field at fault.
 */
export function resolveSpan(
  { start, end }: { start?: string | undefined; end?: string | undefined },
  now: number,
  defaultMs: number
): Span {
  const last = { ms: laterThanNow(now), ns: 0 }
  const given = end === undefined ? last : isDate(end) ? endOfDay(end) : instantNsOf(end)
  // There are years that no database counts to.
  const to = given.ms > last.ms ? last : given
  const from = start === undefined ? { ms: Math.min(to.ms, now) - defaultMs, ns: 0 } : instantNsOf(start)
  if (start !== undefined && from.ms > now) throw new InvalidField('start', 'lies in the future')
  if (to.ms < from.ms || (to.ms === from.ms && to.ns <= from.ns)) {
    throw new InvalidField(end === undefined ? 'start' : 'end', 'must lie after start')
  }
  return { from, to }
}

/** When an `asof` is, and the day whose symbols it means. Throws INVALID_REQUEST. */
export function resolveAsOf(asof: string, now: number): { readonly at: number; readonly day: string } {
  const instant = isDate(asof) ? endOfDay(asof).ms : instantOf(asof)
  // A date that is not over is taken as far as it is.
  if ((isDate(asof) ? instantOf(asof) : instant) > now) throw new InvalidField('asof', 'lies in the future')
  return { at: Math.min(instant, now), day: new Date(Math.min(instant, now) - 1).toISOString().slice(0, 10) }
}

const endOfDay = (date: string): InstantNs => ({ ms: instantOf(date) + DAY_MS, ns: 0 })

/** Not every instant has seconds. */
const instantNsOf = (text: string): InstantNs => parseInstantNs(text) ?? { ms: instantOf(text), ns: 0 }
