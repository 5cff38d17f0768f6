import { Type } from 'typebox'
import { InvalidField } from '../errors.ts'
import { isIntraday, Period, type Interval } from '../market/bar.ts'
import { LONGEST_DAYS, periodRange } from '../market/period.ts'
import { DAY_MS } from '../market/time.ts'
import { DayOrInstant, instantOf, isDate } from './instant.ts'

/** Which stretch of history, in the query of every route that shows one. */
export const RANGE_QUERY = {
  range: Type.Optional(
    Type.Enum([...Period.enum], {
      description: 'A stretch of history that ends today (default 1y); ranges of days count weekdays before today'
    })
  ),
  period: Type.Optional(Type.Enum([...Period.enum], { description: 'Another name of range' })),
  from: Type.Optional(DayOrInstant('Date or instant, not in the future; inclusive; instead of range')),
  to: Type.Optional(
    DayOrInstant('Date (inclusive) or instant (exclusive), after from, today at the latest; only beside from')
  )
}

export type RangeQuery = { range?: Period; period?: Period; from?: string; to?: string; interval: Interval }
export type Range = { from: number; to: number; period?: Period }

/**
 * What a request's range or its `from` and `to` mean, in epoch milliseconds (`to` exclusive). A range ends with the
 * current UTC day, so that all requests of a day share one. Throws INVALID_REQUEST naming the field at fault.
 */
export function resolveRange(query: RangeQuery, now: number): Range {
  const { range: named = query.period, interval } = query
  const field = query.range ? 'range' : 'period'
  const given = query.from !== undefined || query.to !== undefined
  if (query.range && query.period && query.range !== query.period) {
    throw new InvalidField('period', 'is another name of range, which says something else')
  }
  if (given && named) throw new InvalidField(field, 'cannot be combined with from and to')
  const range: Range = given ? explicitRange(query, now) : periodRange(named ?? '1y', now)
  const longest = LONGEST_DAYS[interval]
  if (longest !== undefined && range.to - range.from > longest * DAY_MS) {
    const message = `reaches back too far for ${interval} bars: at most ${longest} days`
    throw new InvalidField(named ? field : given ? 'from' : 'interval', message, { maxDays: longest, interval })
  }
  return range
}

function explicitRange({ from, to, interval }: RangeQuery, now: number): Range {
  if (from === undefined) throw new InvalidField('from', 'is missing; to stands beside it')
  const endOfToday = startOfDay(now) + DAY_MS
  const start = instantOf(from)
  // A date is a session's: asked for up to Friday, Friday belongs to it.
  const end = to === undefined ? endOfToday : instantOf(to) + (isDate(to) ? DAY_MS : 0)
  if (start >= endOfToday) throw new InvalidField('from', 'lies in the future')
  // East of Greenwich it can already be tomorrow.
  if (end > endOfToday + DAY_MS) throw new InvalidField('to', 'lies in the future')
  if (end <= start) throw new InvalidField('to', 'must lie after from')
  return isIntraday(interval) ? { from: start, to: end } : { from: startOfDay(start), to: endOfDay(end) }
}

const startOfDay = (instant: number): number => Math.floor(instant / DAY_MS) * DAY_MS
const endOfDay = (instant: number): number => Math.ceil(instant / DAY_MS) * DAY_MS
