import type { Trade } from './trade.ts'

/** What a trade may change of its day: the last price, the high and the low, the volume. */
export type Eligibility = { readonly last: boolean; readonly range: boolean; readonly volume: boolean }

/** The same as bits. */
export const MOVES_LAST = 1
export const MOVES_RANGE = 2
export const COUNTS = 4

const NONE = 0
const VOLUME_ONLY = COUNTS
const NO_LAST = COUNTS | MOVES_RANGE
const ALL = COUNTS | MOVES_RANGE | MOVES_LAST

/**
 * Sale conditions of the consolidated tapes by their letters: CTA's of tapes A and B, UTP's of tape C, with the rules that
 * both plans publish for the consolidated last sale (https://www.ctaplan.com, https://www.utpplan.com).
 */
const OF_BOTH: Readonly<Record<string, number>> = {
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
const OF_CTA: Readonly<Record<string, number>> = { ...OF_BOTH, B: VOLUME_ONLY /* average price */ }
const OF_UTP: Readonly<Record<string, number>> = {
  ...OF_BOTH,
  A: ALL, // acquisition
  B: ALL, // bunched
  G: NO_LAST, // bunched, sold
  W: VOLUME_ONLY // average price
}
/** By the code of the tape's letter, then of the condition's: each trade asks. */
const BY_TAPE: readonly (Uint8Array | undefined)[] = Object.entries({ A: OF_CTA, B: OF_CTA, C: OF_UTP }).reduce(
  (tables, [tape, rules]) => tables.with(tape.charCodeAt(0), tableOf(rules)),
  Array.from<Uint8Array | undefined>({ length: 128 })
)

function tableOf(rules: Readonly<Record<string, number>>): Uint8Array {
  const table = new Uint8Array(128).fill(VOLUME_ONLY)
  for (const [condition, moves] of Object.entries(rules)) table[condition.charCodeAt(0)] = moves
  return table
}

const ELIGIBILITIES: readonly Eligibility[] = Array.from({ length: ALL + 1 }, (_, bits) => ({
  last: (bits & MOVES_LAST) !== 0,
  range: (bits & MOVES_RANGE) !== 0,
  volume: (bits & COUNTS) !== 0
}))

type Conditioned = Pick<Trade, 'tape' | 'conditions'>
const OUTSIDE_REGULAR_HOURS = 'T'

/**
 * What a trade may change, by its conditions: the least that any of them allows. A condition of a US tape that is not
 * known moves no price. Elsewhere, and for coins, conditions have no such meaning, and every trade counts.
 */
export const eligibilityOf = (trade: Conditioned): Eligibility => ELIGIBILITIES[movesOf(trade)]!

/**
 * What a trade may change of the part of the day that it falls into: outside of regular hours every trade says that it is
 * outside of them, which takes nothing from it there.
 */
export const eligibilityInSession = (trade: Conditioned & Pick<Trade, 'session'>): Eligibility =>
  ELIGIBILITIES[movesInSession(trade)]!

/** The same as bits. */
export function movesInSession(trade: Conditioned & Pick<Trade, 'session'>): number {
  const { session } = trade
  return movesOf(trade, session === undefined || session === 'regular' ? undefined : OUTSIDE_REGULAR_HOURS)
}

function movesOf({ tape, conditions }: Conditioned, ignored?: string): number {
  if (conditions === undefined || tape?.length !== 1) return ALL
  const rules = BY_TAPE[tape.charCodeAt(0)]
  if (!rules) return ALL
  let moves = ALL
  for (let at = 0; at < conditions.length; at++) {
    const condition = conditions[at]!
    if (condition === ignored) continue
    moves &= condition.length === 1 ? (rules[condition.charCodeAt(0)] ?? VOLUME_ONLY) : VOLUME_ONLY
  }
  return moves
}
