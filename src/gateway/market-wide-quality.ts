import type { Indices, Mover, Movers } from '../market/market-wide.ts'
import type { Quote } from '../market/quote.ts'
import { judgeQuote, markedSuspect, type Judgement } from './quality.ts'

/** FMP's lists of movers hold funds that changed by 1.29e41 % in a day. */
const ABSURD_PERCENT = 10_000

/** Judges each index as a quote: the impossible are dropped and noted, the doubtful are marked. `now` in epoch milliseconds. */
export function judgeIndices(list: Indices, now: number): Judgement<Indices> {
  const dropped: string[] = []
  const indices: Quote[] = []
  for (const index of list.indices) {
    const { value, doubts } = judgeQuote(index, { now })
    if (doubts.some(({ severity }) => severity === 'hard')) dropped.push(index.symbol)
    else indices.push(doubts.length > 0 ? markedSuspect(value, doubts) : value)
  }
  return judgedList({ ...list, indices }, list.indices.length, dropped)
}

/** Drops movers whose price or change cannot be. */
export function judgeMovers(list: Movers): Judgement<Movers> {
  const [movers, dropped]: [Mover[], string[]] = [[], []]
  for (const mover of list.movers) {
    const possible = mover.price > 0 && Number.isFinite(mover.price) && Math.abs(mover.changePercent) <= ABSURD_PERCENT
    if (possible) movers.push(mover)
    else dropped.push(mover.symbol)
  }
  return judgedList({ ...list, movers }, list.movers.length, dropped)
}

function judgedList<T extends Indices | Movers>(list: T, total: number, dropped: readonly string[]): Judgement<T> {
  if (dropped.length === 0) return { value: list, doubts: [] }
  const note = `dropped for impossible figures: ${dropped.join(', ')}`
  const value = { ...list, provenance: { ...list.provenance, notes: [...(list.provenance.notes ?? []), note] } }
  const nothingLeft = dropped.length === total
  return { value, doubts: nothingLeft ? [{ rule: 'all-impossible', severity: 'hard', reason: note }] : [] }
}
