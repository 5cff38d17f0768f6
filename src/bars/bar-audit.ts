import type { BarDifferenceCause } from '../market/bar-audit.ts'
import type { Bar } from '../market/bar.ts'
import { COUNTS, MOVES_LAST, MOVES_RANGE, movesInSession } from '../market/trade-conditions.ts'
import { addTrade, clearRow, FIELDS, hasPrice } from './bar-row.ts'
import { figuresOf, type Figures } from './bar-change.ts'
import type { BarTrade } from './bar-trade.ts'

/** A vendor's bar of the newest minute leaves out what is reported so much later. */
const LATE_MS = 60_000
const ALL = COUNTS | MOVES_LAST | MOVES_RANGE
/** Prices have six decimals at most, and volumes fewer digits than a double. */
const RELATIVE_TOLERANCE = 1e-9
const ODD_LOT = 'I'
const REPORTED_LATE: ReadonlySet<string> = new Set(['L', 'Z', 'U'])
const AUCTION_PRINTS: ReadonlySet<string> = new Set(['O', '5', '6'])
/** Opening and closing prices that an exchange tells again as official ones. */
const OFFICIAL_PRICES: ReadonlySet<string> = new Set(['Q', 'M'])

/** A trade of a bar's interval; when it was received tells whether the vendor can have had it in time (epoch ms). */
export type AuditedTrade = BarTrade & { readonly receivedAt: number }

export type AuditedBar = {
  readonly own: Pick<Bar, keyof Figures> | undefined
  readonly official: Pick<Bar, keyof Figures> | undefined
  readonly trades: readonly AuditedTrade[]
  /** When the bar's interval ends, epoch ms. */
  readonly end: number
  /** The official bar is of more venues than ours. */
  readonly isOneVenue: boolean
  /** The ledger knows that trades are missing here. */
  readonly isInGap: boolean
}

/** How much of a trade counts under a rule; undefined: nothing. */
type Rule = (trade: AuditedTrade, end: number) => { readonly moves: number; readonly size: number } | undefined

const has = ({ conditions = [] }: BarTrade, codes: ReadonlySet<string>): boolean =>
  conditions.some((code) => codes.has(code))
const counting = (trade: AuditedTrade, moves: number) => ({ moves, size: trade.size })
const counted = (trade: AuditedTrade) => counting(trade, movesInSession(trade))
const without = (trade: AuditedTrade, codes: ReadonlySet<string>): AuditedTrade => ({
  ...trade,
  conditions: (trade.conditions ?? []).filter((code) => !codes.has(code))
})

/** What vendors do otherwise, the most frequent first. */
const RULES: readonly (readonly [cause: BarDifferenceCause, rule: Rule])[] = [
  ['fractional', counted],
  ['odd_lot', (trade) => counting(trade, movesInSession(without(trade, new Set([ODD_LOT]))))],
  ['odd_lot', (trade) => (has(trade, new Set([ODD_LOT])) ? undefined : counted(trade))],
  [
    'late',
    (trade, end) => (trade.receivedAt > end + LATE_MS || has(trade, REPORTED_LATE) ? undefined : counted(trade))
  ],
  ['late', (trade) => counting(trade, movesInSession(without(trade, REPORTED_LATE)))],
  ['auction', (trade) => (has(trade, AUCTION_PRINTS) ? undefined : counted(trade))],
  ['auction', (trade) => (has(trade, OFFICIAL_PRICES) ? counting(trade, MOVES_LAST | MOVES_RANGE) : counted(trade))],
  ['condition', (trade) => counting(trade, ALL)],
  ['condition', (trade) => (movesInSession(trade) === ALL ? counted(trade) : undefined)]
]

/** Why the official bar says something else than ours; undefined where it says the same. */
export function differenceCause(audited: AuditedBar): BarDifferenceCause | undefined {
  const { own, official, trades, end, isOneVenue, isInGap } = audited
  if (isSame(own, official)) return undefined
  if (isOneVenue) return 'one_venue'
  if (isInGap) return 'gap'
  // By our own rule the trades come to the official bar: ours was not made of them.
  if (isSame(figuresUnder(trades, end, counted), official)) return 'wrong'
  for (const [cause, rule] of RULES) {
    if (cause !== 'fractional' && isSame(figuresUnder(trades, end, rule), official)) return cause
    // Beside whatever else, a vendor may count whole shares alone.
    if (isSame(figuresUnder(trades, end, wholeShares(rule)), official)) return cause
  }
  return 'wrong'
}

function wholeShares(rule: Rule): Rule {
  return (trade, end) => {
    const told = rule(trade, end)
    return told && { ...told, size: Math.floor(told.size) }
  }
}

function figuresUnder(trades: readonly AuditedTrade[], end: number, rule: Rule): Figures | undefined {
  const row = new Float64Array(FIELDS)
  clearRow(row, 0, 0)
  for (const trade of trades) {
    const told = rule(trade, end)
    if (told) addTrade(row, 0, { ...trade, size: told.size }, told.moves)
  }
  return hasPrice(row, 0) ? figuresOf(row, 0) : undefined
}

function isSame(one: AuditedBar['own'], other: AuditedBar['own']): boolean {
  if (!one || !other) return one === other
  return (['open', 'high', 'low', 'close', 'volume'] as const).every((field) => {
    const [left = 0, right = 0] = [one[field], other[field]]
    return Math.abs(left - right) <= RELATIVE_TOLERANCE * Math.max(Math.abs(left), Math.abs(right))
  })
}
