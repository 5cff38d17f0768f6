import type { Trade } from './trade.ts'

/** What a trade may change of its day: the last price, the high and the low, the volume. */
export type Eligibility = { readonly last: boolean; readonly range: boolean; readonly volume: boolean }

const ALL: Eligibility = { last: true, range: true, volume: true }
const NO_LAST: Eligibility = { last: false, range: true, volume: true }
const VOLUME_ONLY: Eligibility = { last: false, range: false, volume: true }
const NONE: Eligibility = { last: false, range: false, volume: false }

/**
 * Sale conditions of the consolidated tapes by their letters: CTA's of tapes A and B, UTP's of tape C, with the rules that
 * both plans publish for the consolidated last sale (https://www.ctaplan.com, https://www.utpplan.com).
 */
const OF_BOTH: Readonly<Record<string, Eligibility>> = {
  '@': ALL, // regular
  ' ': ALL,
  E: ALL, // automatic execution
  F: ALL, // intermarket sweep
  O: ALL, // opening print
  '5': ALL, // reopening print
  '6': ALL, // closing print
  X: ALL, // cross
  L: NO_LAST, // sold last, out of sequence
  Z: NO_LAST, // sold, out of sequence
  P: NO_LAST, // prior reference price
  '4': NO_LAST, // derivatively priced
  C: VOLUME_ONLY, // cash
  H: VOLUME_ONLY, // price variation
  I: VOLUME_ONLY, // odd lot, parts of shares included
  N: VOLUME_ONLY, // next day
  R: VOLUME_ONLY, // seller
  T: VOLUME_ONLY, // outside of regular hours
  U: VOLUME_ONLY, // the same, out of sequence
  V: VOLUME_ONLY, // contingent
  '7': VOLUME_ONLY, // qualified contingent
  M: NONE, // official close: a price that is told again
  Q: NONE // official open
}
const OF_CTA: Readonly<Record<string, Eligibility>> = { ...OF_BOTH, B: VOLUME_ONLY /* average price */ }
const OF_UTP: Readonly<Record<string, Eligibility>> = {
  ...OF_BOTH,
  A: ALL, // acquisition
  B: ALL, // bunched
  G: NO_LAST, // bunched, sold
  W: VOLUME_ONLY // average price
}
const BY_TAPE: Readonly<Record<string, Readonly<Record<string, Eligibility>>>> = { A: OF_CTA, B: OF_CTA, C: OF_UTP }

/**
 * What a trade may change, by its conditions: the least that any of them allows. A condition of a US tape that is not
 * known moves no price. Elsewhere, and for coins, conditions have no such meaning, and every trade counts.
 */
export function eligibilityOf({ tape, conditions }: Pick<Trade, 'tape' | 'conditions'>): Eligibility {
  const rules = tape === undefined ? undefined : BY_TAPE[tape]
  if (!rules || !conditions) return ALL
  let [last, range, volume] = [true, true, true]
  for (const condition of conditions) {
    const rule = Object.hasOwn(rules, condition) ? rules[condition]! : VOLUME_ONLY
    last &&= rule.last
    range &&= rule.range
    volume &&= rule.volume
  }
  return { last, range, volume }
}

const OUTSIDE_REGULAR_HOURS = 'T'

/**
 * What a trade may change of the part of the day that it falls into: outside of regular hours every trade says that it is
 * outside of them, which takes nothing from it there.
 */
export function eligibilityInSession(trade: Pick<Trade, 'tape' | 'conditions' | 'session'>): Eligibility {
  const { session = 'regular', conditions } = trade
  if (session === 'regular' || !conditions?.includes(OUTSIDE_REGULAR_HOURS)) return eligibilityOf(trade)
  return eligibilityOf({ ...trade, conditions: conditions.filter((condition) => condition !== OUTSIDE_REGULAR_HOURS) })
}
