import type { HoursOf } from '../market/market-hours.ts'
import type { Indices, Mover, MoverKind, Movers, Sectors } from '../market/market-wide.ts'
import type { Provenance } from '../market/provenance.ts'
import type { Quote } from '../market/quote.ts'
import { inSectorOrder } from '../market/sector.ts'
import { judgeQuote, nearFactor, withDoubts, type Judgement } from './quality.ts'
import { whileOpen } from './session-state.ts'

/** FMP's lists of movers hold funds that changed by 1.29e41 % in a day. */
const ABSURD_PERCENT = 10_000
/** How far a percent may lie from the one that price and change give, in points and as a share of it. */
const PERCENT_TOLERANCE = { points: 0.5, share: 0.02 }
const MAX_SECTOR_PERCENT = 50
const UNIT_FACTORS = [100, 1000]
const UNIT_TOLERANCE = 0.25

/** The fifth letter of a US ticker: W a warrant, R a right, U a unit, X a mutual fund. NYSE spells them out behind a sign. */
const NO_SHARE_TICKER = /^[A-Z]{4}[WRUX]$|[.-](W|WS[A-Z]?|WT|R|RT|U|UN)$|[+^]/
const NO_SHARE_NAME =
  /\bwarrants?\b|\brights?$|(?<!common )\bunits?$|\b(ETF|ETN|ETP|funds?|ishares|spdr|proshares|direxion|graniteshares|yieldmax|[23]x)\b/i

/** Sectors and movers are those of New York, whose hours this index keeps. */
const HOME_INDEX = '^GSPC'

/**
 * Judges each index as a quote: the impossible are dropped and noted, the doubtful are marked. The list is closed where
 * all of them are. `now` in epoch milliseconds.
 */
export function judgeIndices(list: Indices, now: number, hoursOf: HoursOf): Judgement<Indices> {
  const dropped: string[] = []
  const indices: Quote[] = []
  for (const index of list.indices) {
    const { value, doubts } = judgeQuote(index, { now, hoursOf })
    if (doubts.some(({ severity }) => severity === 'hard')) dropped.push(index.symbol)
    else indices.push(doubts.length > 0 ? withDoubts(value, doubts) : value)
  }
  const areClosed = indices.length > 0 && indices.every(({ provenance }) => provenance.state === 'closed')
  const provenance = areClosed ? { ...list.provenance, state: 'closed' as const } : list.provenance
  return judged({ ...list, indices, provenance }, indices.length, { impossible: dropped })
}

/** Keeps the sectors whose change can be, in the order of the list, whichever vendor told them. */
export function judgeSectors(list: Sectors, now: number, hoursOf: HoursOf): Judgement<Sectors> {
  const sectors = inSectorOrder(list.sectors).filter(
    ({ changePercent }) => Math.abs(changePercent) <= MAX_SECTOR_PERCENT
  )
  const impossible = list.sectors.filter((each) => !sectors.includes(each)).map(({ sector }) => sector)
  return judged(whileOpen({ ...list, sectors }, hoursOf(HOME_INDEX), now), sectors.length, { impossible })
}

/**
 * Keeps shares whose figures can be: rows that contradict themselves, funds, warrants, rights and units go. Gainers have
 * risen and losers fallen, the furthest first; actives keep the vendor's order.
 */
export function judgeMovers(list: Movers, now: number, hoursOf: HoursOf): Judgement<Movers> {
  const distinct = list.movers.filter(
    ({ symbol }, place) => place === list.movers.findIndex((each) => each.symbol === symbol)
  )
  const possible = distinct.filter(isPossible)
  const shares = possible.filter(isShare)
  const movers = ranked(list.type, shares)
  return judged(whileOpen({ ...list, movers }, hoursOf(HOME_INDEX), now), movers.length, {
    impossible: distinct.filter((mover) => !possible.includes(mover)).map(({ symbol }) => symbol),
    noShares: possible.length - shares.length
  })
}

function isPossible({ price, change, changePercent }: Mover): boolean {
  if (!(price > 0) || !Number.isFinite(price)) return false
  if (!(changePercent > -100) || changePercent > ABSURD_PERCENT) return false
  if (change === undefined) return true
  const previousClose = price - change
  if (previousClose <= 0 || nearFactor(price, previousClose, UNIT_FACTORS, UNIT_TOLERANCE)) return false
  const expected = (change / previousClose) * 100
  const tolerance = Math.max(PERCENT_TOLERANCE.points, Math.abs(expected) * PERCENT_TOLERANCE.share)
  return Math.abs(expected - changePercent) <= tolerance
}

function isShare({ symbol, name, kind }: Mover): boolean {
  if (kind !== undefined && kind !== 'equity') return false
  return !NO_SHARE_TICKER.test(symbol) && !(name !== undefined && NO_SHARE_NAME.test(name))
}

function ranked(type: MoverKind, movers: readonly Mover[]): Mover[] {
  if (type === 'actives') return [...movers]
  const sign = type === 'gainers' ? 1 : -1
  return movers
    .filter(({ changePercent }) => sign * changePercent > 0)
    .sort((one, other) => sign * (other.changePercent - one.changePercent))
}

type Dropped = { readonly impossible: readonly string[]; readonly noShares?: number }

/** A list with what was dropped from it noted; refused where the impossible is all that it had. */
function judged<T extends { readonly provenance: Provenance }>(
  list: T,
  kept: number,
  { impossible, noShares = 0 }: Dropped
): Judgement<T> {
  const refusal = `dropped for impossible figures: ${impossible.join(', ')}`
  const notes = [
    ...(impossible.length > 0 ? [refusal] : []),
    ...(noShares > 0 ? [`left out ${noShares} that are no shares but funds, warrants, rights or units`] : [])
  ]
  if (notes.length === 0) return { value: list, doubts: [] }
  const value = { ...list, provenance: { ...list.provenance, notes: [...(list.provenance.notes ?? []), ...notes] } }
  const isRefused = kept === 0 && impossible.length > 0
  return { value, doubts: isRefused ? [{ rule: 'all-impossible', severity: 'hard', reason: refusal }] : [] }
}
