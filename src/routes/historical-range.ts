import { InvalidField } from '../errors.ts'
import { isIntraday, type Interval, type Period } from '../market/bar.ts'
import { periodRange } from '../market/period.ts'
import { instantOf, isDate } from './instant.ts'

const DAY_MS = 86_400_000

/**
 * How far apart `from` and `to` may lie: about as many bars as ten years of days, and what vendors keep. A month, three
 * months, two years: the longest there are, and today.
 */
const LONGEST_DAYS: Partial<Record<Interval, number>> = { '1m': 32, '5m': 93, '15m': 93, '30m': 93, '1h': 732 }

export type RangeQuery = { period?: Period; from?: string; to?: string; interval: Interval }
export type Range = { from: number; to: number; period?: Period }

/**
 * What a request's period or its `from` and `to` mean, in epoch milliseconds (`to` exclusive). A period ends with the
 * current UTC day, so that all requests of a day share one range. `periodField` is the field that the period came in.
 * Throws INVALID_REQUEST naming the field at fault.
 */
export function resolveRange(query: RangeQuery, now: number, periodField = 'period'): Range {
  const given = query.from !== undefined || query.to !== undefined
  if (given && query.period) throw new InvalidField(periodField, 'cannot be combined with from and to')
  const range: Range = given ? explicitRange(query, now) : periodRange(query.period ?? '1y', now)
  const longest = LONGEST_DAYS[query.interval]
  if (longest !== undefined && range.to - range.from > longest * DAY_MS) {
    const field = query.period ? periodField : given ? 'from' : 'interval'
    const message = `reaches back too far for ${query.interval} bars: at most ${longest} days`
    throw new InvalidField(field, message, { maxDays: longest, interval: query.interval })
  }
  return range
}

function explicitRange({ from, to, interval }: RangeQuery, now: number): Range {
  if (from === undefined) throw new InvalidField('from', 'is missing; to stands beside it')
  const endOfToday = startOfDay(now) + DAY_MS
  const start = instantOf('from', from)
  // A date is a session's: asked for up to Friday, Friday belongs to it.
  const end = to === undefined ? endOfToday : instantOf('to', to) + (isDate(to) ? DAY_MS : 0)
  if (start >= endOfToday) throw new InvalidField('from', 'lies in the future')
  // East of Greenwich it can already be tomorrow.
  if (end > endOfToday + DAY_MS) throw new InvalidField('to', 'lies in the future')
  if (end <= start) throw new InvalidField('to', 'must lie after from')
  return isIntraday(interval) ? { from: start, to: end } : { from: startOfDay(start), to: endOfDay(end) }
}

const startOfDay = (instant: number): number => Math.floor(instant / DAY_MS) * DAY_MS
const endOfDay = (instant: number): number => Math.ceil(instant / DAY_MS) * DAY_MS
