import type { Dividends } from './corporate-action.ts'

/** Nobody pays out what a share costs and leaves a share behind; large special payouts are half of it. */
const IMPOSSIBLE_YIELD = 1
const MAX_NAMED = 3

/** That payouts of some days may be wrong, or be none, and why. */
export type PayoutDoubt = { readonly exDates: readonly string[]; readonly reason: string }

/** What is to be said of a payout of as much as a share cost before it, or more; undefined for any other. */
export function impossiblePayout(amount: number, exDate: string, price: number): string | undefined {
  if (!(price > 0 && amount / price >= IMPOSSIBLE_YIELD)) return undefined
  return `the payout of ${amount} on ${exDate} is ${Number((amount / price).toPrecision(3))} times the price`
}

/** Up to three doubts in words. */
export function reasonsOf(doubts: readonly PayoutDoubt[]): string {
  const reasons = doubts.map(({ reason }) => reason)
  return reasons.slice(0, MAX_NAMED).join('; ') + (reasons.length > MAX_NAMED ? '; ...' : '')
}

/** The list with those payouts marked that are doubted. */
export function withMarks(list: Dividends, doubts: readonly PayoutDoubt[]): Dividends {
  const days = new Set(doubts.flatMap(({ exDates }) => exDates))
  if (days.size === 0) return list
  const dividends = list.dividends.map((payout) =>
    days.has(payout.exDate) ? { ...payout, suspect: true as const } : payout
  )
  return { ...list, dividends }
}

/** A vendor's list against which its own answer speaks: `suspect`, with a note, and those payouts marked. */
export function withPayoutDoubts(list: Dividends, doubts: readonly PayoutDoubt[]): Dividends {
  if (doubts.length === 0 || list.dividends.length === 0) return list
  const { provenance } = list
  const notes = [...(provenance.notes ?? []), reasonsOf(doubts)]
  return { ...withMarks(list, doubts), provenance: { ...provenance, state: 'suspect', notes } }
}
