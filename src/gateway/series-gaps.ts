import { nextStartOf } from '../market/bar-period.ts'
import { isIntraday, type Bar, type Interval } from '../market/bar.ts'
import type { Calendar } from '../market/calendar.ts'
import { kindOfSymbol, type InstrumentKind } from '../market/instrument-kind.ts'
import { tradingDatesBetween } from '../market/session.ts'
import { DAY_MS } from '../market/time.ts'
import type { VendorSeries } from '../providers/provider.ts'
import { mapping } from '../slices.ts'
import type { Doubt } from './quality.ts'
import { missingAtEnds } from './series-ends.ts'

/** What trades this seldom has days without a trade, which are no gaps. Of few bars a share says nothing. */
const MAX_MISSING_SHARE = 0.2
const MAX_MISSING = 5
const MAX_NAMED = 5
/** Few listings that do not trade for so long are not taken down; what comes then may be another company's. */
const OTHER_LISTING_MS = 370 * DAY_MS
/** Coins trade on every day: one that is not told of for a season was taken down, and its name is free for another. */
const OTHER_COIN_MS = 90 * DAY_MS
/** What these are called is nobody else's later. */
const NEVER_REUSED: ReadonlySet<InstrumentKind> = new Set(['index', 'fx', 'future'])
/** So many days without a trade in a row are not those of a share that trades seldom. */
const MIN_REPEATED = 10

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
  const others = [...otherListingIn(series, bars), ...repeatedAtEnd(series, bars)]
  const skipped = isIntraday(interval) ? [] : yield* skippedIn(interval, bars, calendar)
  const tradesDaily = (series.kind ?? kindOfSymbol(series.symbol)) === 'crypto'
  const isSeldomTraded =
    !tradesDaily && skipped.length > MAX_MISSING && skipped.length > bars.length * MAX_MISSING_SHARE
  const counted = isSeldomTraded ? [] : [...skipped, ...missingAtEnds(series, bars, calendar, now)]
  // A row of nothing beside the row of its day costs nothing.
  const told = new Set(withoutPrices.length > 0 ? bars.map(({ start }) => start) : [])
  const missing = [...new Set([...withoutPrices.filter((start) => !told.has(start)), ...counted])].sort()
  if (missing.length === 0) return others
  const named = missing.slice(0, MAX_NAMED).join(', ') + (missing.length > MAX_NAMED ? ', ...' : '')
  const reason = `no prices of ${missing.length} bars that there should be: ${named}`
  return [...others, { rule: 'gap', severity: 'soft', isGap: true, reason }]
}

/** Symbols are given to others when their companies are gone, and vendors have strung both series together. */
function otherListingIn(
  { symbol, interval, kind = kindOfSymbol(symbol) }: VendorSeries,
  bars: readonly Bar[]
): Doubt[] {
  if (isIntraday(interval) || (kind !== undefined && NEVER_REUSED.has(kind))) return []
  const most = kind === 'crypto' ? OTHER_COIN_MS : OTHER_LISTING_MS
  const at = bars.findIndex(({ start }, index) => {
    const before = bars[index - 1]
    return before !== undefined && Date.parse(start) - Date.parse(before.start) >= most
  })
  if (at === -1) return []
  const reason = `no bars between ${bars[at - 1]!.start} and ${bars[at]!.start}: the symbol may have been another ${kind === 'crypto' ? 'coin' : 'company'}'s`
  return [{ rule: 'other-listing', severity: 'soft', reason }]
}

/**
 * Of what was taken down vendors go on to tell the last price day by day. A money market fund is worth the same each day, as
 * is a currency that is tied to another, and of neither any volume is told.
 */
function repeatedAtEnd({ symbol, interval, kind = kindOfSymbol(symbol) }: VendorSeries, bars: readonly Bar[]): Doubt[] {
  const last = bars.at(-1)
  if (interval !== '1d' || !last || kind === 'fund' || kind === 'fx') return []
  const isRepeated = ({ open, high, low, close, volume }: Bar) =>
    volume === 0 && [open, high, low, close].every((price) => price === last.close)
  const count = bars.length - 1 - bars.findLastIndex((bar) => !isRepeated(bar))
  if (count < MIN_REPEATED) return []
  const reason = `the last ${count} bars repeat one price without a trade`
  return [{ rule: 'repeated-price', severity: 'soft', isGap: true, reason }]
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
