import type { Dividend, Dividends } from '../market/corporate-action.ts'
import { impossiblePayout } from '../market/payout.ts'
import type { Quote } from '../market/quote.ts'
import { DAY_MS } from '../market/time.ts'
import type { Doubt, Judgement } from './quality.ts'

const YEAR_MS = 366 * DAY_MS
/** How far a price may have fallen since a payout of the last year, where the year's high is not known. */
const FALL_OF_A_YEAR = 4
/** The largest special payouts are a hundred times what the same company pays otherwise. */
const BEYOND_OTHERS = 1000
const MAX_NAMED = 3

/**
 * Holds payouts against what a share has cost, as far as a price is held, and against each other: those that cannot be are
 * in doubt. Not every vendor tells a price beside its payouts. `now` in epoch milliseconds.
 */
export function judgeDividends(dividends: Dividends, now: number, held?: Quote): Judgement<Dividends> {
  const payouts = dividends.dividends
  const usual = medianOf(payouts.map(({ amount }) => amount))
  const since = new Date(now - YEAR_MS).toISOString().slice(0, 10)
  const reasons = payouts.flatMap((payout) => {
    const price = (payout.exDate >= since ? highestPrice(payout, held) : undefined) ?? Infinity
    const isBeyondOthers = payouts.length > 1 && payout.amount >= usual * BEYOND_OTHERS
    const others = isBeyondOthers
      ? `the payout of ${payout.amount} on ${payout.exDate} is far beyond the others`
      : undefined
    return impossiblePayout(payout.amount, payout.exDate, price) ?? others ?? []
  })
  if (reasons.length === 0) return { value: dividends, doubts: [] }
  const reason = reasons.slice(0, MAX_NAMED).join('; ') + (reasons.length > MAX_NAMED ? '; ...' : '')
  const doubt: Doubt = { rule: 'payout-beyond-price', severity: 'soft', reason }
  return { value: dividends, doubts: [doubt] }
}

/** What a share may have cost within the year; undefined where that is not known in the currency of the payout. */
function highestPrice({ currency }: Dividend, held: Quote | undefined): number | undefined {
  if (!held || !(held.price > 0) || held.provenance.state === 'suspect') return undefined
  if (currency !== undefined && held.currency !== undefined && currency !== held.currency) return undefined
  return held.yearHigh === undefined ? held.price * FALL_OF_A_YEAR : Math.max(held.yearHigh, held.price)
}

/** The lower one of two in the middle. */
function medianOf(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor((values.length - 1) / 2)] ?? NaN
}
