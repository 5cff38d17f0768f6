import { DAY_MS } from '../../market/time.ts'
import { ProviderError } from '../provider.ts'

/** How far back Yahoo keeps bars within the day, and how much of them one request may ask for; more is refused with 422. */
const KEPT: Record<string, { days: number; daysPerRequest: number }> = {
  '1m': { days: 30, daysPerRequest: 7 },
  '5m': { days: 60, daysPerRequest: 60 },
  '15m': { days: 60, daysPerRequest: 60 },
  '30m': { days: 60, daysPerRequest: 60 },
  '1h': { days: 730, daysPerRequest: 730 }
}
/** A request on its way, and clocks that differ, must not make a range too long. */
const MARGIN_MS = 600_000
/** Of days "only 100 years worth" are given at once. */
export const MAX_YEARS = 99
export const YEAR_MS = 365.25 * DAY_MS

/** Epoch milliseconds. */
export type ChartRange = { readonly from: number; readonly to: number }

/** What Yahoo gives of a range: from `first` to `last`, in pieces of at most `lengthMs`. Epoch milliseconds. */
function givenOf(interval: string, { from, to }: ChartRange, now: number) {
  const kept = KEPT[interval]
  const earliest = kept ? now - kept.days * DAY_MS + MARGIN_MS : to - MAX_YEARS * YEAR_MS
  const first = Math.max(from, earliest)
  const last = Math.min(to, Math.max(now, first) + DAY_MS)
  return { first, last, lengthMs: kept ? kept.daysPerRequest * DAY_MS : Infinity }
}

/** In how many requests Yahoo wants a range to be asked for; 0 where it has nothing of it. `now` in epoch milliseconds. */
export function pieceCount(interval: string, range: ChartRange, now: number): number {
  const { first, last, lengthMs } = givenOf(interval, range, now)
  return last > first ? Math.max(1, Math.ceil((last - first) / lengthMs)) : 0
}

/**
 * A range in pieces that Yahoo does not refuse, oldest first: its newest part where it is longer than Yahoo gives, with
 * what to say of that. Throws ProviderError('not_covered') where Yahoo has nothing of it.
 */
export function piecesOf(
  interval: string,
  range: ChartRange,
  now: number
): { pieces: ChartRange[]; cutAt: number | undefined; limit: string } {
  const kept = KEPT[interval]
  const limit = kept ? `keeps ${interval} bars for ${kept.days} days` : `gives at most ${MAX_YEARS} years at once`
  const { first, last, lengthMs } = givenOf(interval, range, now)
  if (last <= first) throw new ProviderError('yahoo', 'not_covered', `yahoo ${limit}, and the range is older`)
  const cutAt = first > range.from ? first : undefined
  const pieces: ChartRange[] = []
  for (let end = last; end > first; end -= lengthMs) pieces.unshift({ from: Math.max(first, end - lengthMs), to: end })
  return { pieces, cutAt, limit }
}
