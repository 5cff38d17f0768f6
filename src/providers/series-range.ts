import { isIntraday, type BarRequest } from '../market/bar.ts'
import type { HoursOf } from '../market/market-hours.ts'
import { widestHoursOf } from '../market/widest-hours.ts'
import { instantOf } from '../market/zoned-time.ts'
import { ProviderError, type ProviderName, type VendorSeries } from './provider.ts'
import { datesOf } from './session-dates.ts'

/** A session that opened a moment ago may not have a trade yet. */
const FIRST_TRADE_MS = 30 * 60_000

/**
 * The series with the range that it answers. Throws ProviderError('not_covered') for one without bars, unless its market
 * did not open in the range: another vendor may have some. `now` in epoch milliseconds.
 */
export function ofRange(
  provider: ProviderName,
  series: VendorSeries,
  request: BarRequest,
  { now, hoursOf }: { now: number; hoursOf: HoursOf }
): VendorSeries {
  if (series.bars.length > 0 || !mayHaveTraded(request, now, hoursOf)) {
    return { ...series, range: { from: request.from, to: request.to } }
  }
  throw new ProviderError(provider, 'not_covered', `${provider} has no bars of ${request.symbol} in the range`)
}

/** Of unknown hours any range may have trades. */
function mayHaveTraded(request: BarRequest, now: number, hoursOf: HoursOf): boolean {
  const until = now - FIRST_TRADE_MS
  const hours = widestHoursOf(request.symbol, hoursOf)
  if (!hours) return true
  if (isIntraday(request.interval)) {
    const session = hours.sessionBefore(Math.min(request.to - 1, until))
    return session !== undefined && session.regular.close > request.from
  }
  const { first, last } = datesOf(request)
  const [year, month, day] = last.split('-').map(Number) as [number, number, number]
  const endOfLast = instantOf(hours.calendar.timeZone, year, month, day, 23, 59)
  const session = hours.sessionBefore(Math.min(endOfLast, until))
  return session !== undefined && session.date >= first
}

/** Whether the calendar of the symbol's exchange knows that nobody could trade in a range. `now` in epoch milliseconds. */
export function wasShut(request: BarRequest, now: number, hoursOf: HoursOf): boolean {
  const isKnown = widestHoursOf(request.symbol, hoursOf)?.sessionBefore(request.from) !== undefined
  return isKnown && !mayHaveTraded(request, now, hoursOf)
}
