import { nextStartOf } from '../market/bar-period.ts'
import { isIntraday, type Bar, type Interval } from '../market/bar.ts'
import type { Calendar } from '../market/calendar.ts'
import { tradingDatesBetween } from '../market/session.ts'
import type { VendorSeries } from '../providers/provider.ts'
import { mapping } from '../slices.ts'
import type { Doubt } from './quality.ts'
import { missingAtEnds } from './series-ends.ts'

/** What trades this seldom has days without a trade, which are no gaps. Of few bars a share says nothing. */
const MAX_MISSING_SHARE = 0.2
const MAX_MISSING = 5
const MAX_NAMED = 5

/**
 * Periods that the vendor lacks: those that traded by its own word, and between the first and the last bar, and at the
 * ends of what was asked for, the days on which the exchange was open, the weeks and the months. What there is may be right
 * without them, but another vendor may have them. `now` in epoch milliseconds.
 */
export function* gapsIn(
  series: VendorSeries,
  bars: readonly Bar[],
  calendar: Calendar | undefined,
  now: number
): Generator<void, Doubt[]> {
  const { interval, withoutPrices = [] } = series
  const skipped = isIntraday(interval) ? [] : yield* skippedIn(interval, bars, calendar)
  const isSeldomTraded = skipped.length > MAX_MISSING && skipped.length > bars.length * MAX_MISSING_SHARE
  const counted = isSeldomTraded ? [] : [...skipped, ...missingAtEnds(series, bars, calendar, now)]
  const missing = [...new Set([...withoutPrices, ...counted])].sort()
  if (missing.length === 0) return []
  const named = missing.slice(0, MAX_NAMED).join(', ') + (missing.length > MAX_NAMED ? ', ...' : '')
  const reason = `no prices of ${missing.length} bars that there should be: ${named}`
  return [{ rule: 'gap', severity: 'soft', isGap: true, reason }]
}

function* skippedIn(
  interval: Interval,
  bars: readonly Bar[],
  calendar: Calendar | undefined
): Generator<void, string[]> {
  const skippedBefore = yield* mapping(bars, ({ start }, index) => {
    const previous = bars[index - 1]
    if (!previous || !isTraded(previous) || !isTraded(bars[index]!)) return []
    if (interval === '1d') return calendar ? tradingDatesBetween(calendar, previous.start, start) : []
    const skipped: string[] = []
    for (let next = nextStartOf(interval, previous.start); next < start; next = nextStartOf(interval, next))
      skipped.push(next)
    return skipped
  })
  return skippedBefore.flat()
}

function isTraded({ volume }: Bar): boolean {
  return volume !== 0
}
