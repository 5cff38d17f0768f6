import type { BarState } from '../market/event.ts'
import { Field, hasPrice, Published, volumeOf } from './bar-row.ts'
import { BUILT_INTERVALS, type BuiltInterval } from './intervals.ts'

/** Why a final bar changes. */
export const REASONS = [
  'a trade was reported late',
  'a trade was corrected',
  'a trade was cancelled',
  'missing trades were backfilled'
] as const
export const Reason = { late: 0, corrected: 1, cancelled: 2, backfilled: 3 } as const
export type Reason = (typeof Reason)[keyof typeof Reason]

export type Figures = {
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
}

export type BarPlace = {
  readonly series: number
  readonly interval: BuiltInterval
  /** Epoch milliseconds; of a day, days since 1970. */
  readonly start: number
}

export type PublishedBar = BarPlace &
  Figures & { readonly state: BarState; readonly revision: number; readonly reason?: string }

/** A bar as it now is. `withdrawn`: it is none any more, for all trades that moved its price were taken back. */
export type BarChange = PublishedBar | (BarPlace & { readonly state: 'withdrawn' })

export type Telling = { readonly isOver: boolean; readonly provisional: boolean }

/** Tells of the bar of a row what was not told yet. Whether nothing of it is left to be told later. */
export function tell(
  rows: Float64Array,
  at: number,
  { series, level }: { series: number; level: number },
  { isOver, provisional }: Telling,
  changes: BarChange[]
): boolean {
  const published = rows[at + Field.published]!
  const place = { series, interval: BUILT_INTERVALS[level]!, start: rows[at]! }
  const changed = isChanged(rows, at)
  if (!hasPrice(rows, at)) {
    if (published !== Published.nothing) changes.push({ ...place, state: 'withdrawn' })
    if (published === Published.final) rows[at + Field.revision]!++
    rows[at + Field.published] = Published.nothing
    rows[at + Field.publishedTrades] = rows[at + Field.trades]!
    return isOver
  }
  const isCorrected = published === Published.final && changed
  const isFinal = published !== Published.final && isOver
  if (isCorrected || isFinal || (changed && provisional)) {
    if (isCorrected) rows[at + Field.revision]!++
    const revision = rows[at + Field.revision]!
    const state = isCorrected || (isFinal && revision > 0) ? 'corrected' : isFinal ? 'final' : 'provisional'
    const reason = state === 'corrected' ? { reason: REASONS[rows[at + Field.reason]!]! } : {}
    changes.push({ ...place, state, revision, ...reason, ...figuresOf(rows, at) })
    rows[at + Field.published] = state === 'provisional' ? Published.provisional : Published.final
    rows[at + Field.publishedTrades] = rows[at + Field.trades]!
    rows[at + Field.reason] = Reason.late
  }
  return rows[at + Field.published] === Published.final
}

/** Whether what was told of a row's bar is no longer what it is. */
export const isChanged = (rows: Float64Array, at: number): boolean =>
  rows[at + Field.trades] !== rows[at + Field.publishedTrades]

export function figuresOf(rows: Float64Array, at: number): Figures {
  return {
    open: rows[at + Field.open]!,
    high: rows[at + Field.high]!,
    low: rows[at + Field.low]!,
    close: rows[at + Field.close]!,
    volume: volumeOf(rows, at)
  }
}
