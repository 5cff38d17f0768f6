import { ProviderError } from '../provider.ts'

const DAY_MS = 86_400_000
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

/**
 * A range in pieces that Yahoo does not refuse, oldest first: its newest part where it is longer than Yahoo gives, with
 * what to say of that. Throws ProviderError('not_covered') where Yahoo has nothing of it.
 */
export function piecesOf(
  interval: string,
  { from, to }: ChartRange,
  now: number
): { pieces: ChartRange[]; cutAt: number | undefined; limit: string } {
  const kept = KEPT[interval]
  const earliest = kept ? now - kept.days * DAY_MS + MARGIN_MS : to - MAX_YEARS * YEAR_MS
  const limit = kept ? `keeps ${interval} bars for ${kept.days} days` : `gives at most ${MAX_YEARS} years at once`
  if (to <= earliest) throw new ProviderError('yahoo', 'not_covered', `yahoo ${limit}, and the range is older`)
  const first = Math.max(from, earliest)
  const cutAt = first > from ? first : undefined
  const lengthMs = kept ? kept.daysPerRequest * DAY_MS : Infinity
  const pieces: ChartRange[] = []
  const last = Math.min(to, Math.max(now, first) + DAY_MS)
  for (let end = last; end > first; end -= lengthMs) pieces.unshift({ from: Math.max(first, end - lengthMs), to: end })
  return { pieces, cutAt, limit }
}
