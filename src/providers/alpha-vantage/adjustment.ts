import type { Bar } from '../../market/bar.ts'
import type { Split } from '../../market/corporate-action.ts'

/** A bar as traded, with what the wire says beside it. */
export type DatedRow = {
  /** The date of the vendor's label: the session, or the last session of a week or month. */
  readonly day: string
  readonly bar: Bar
  readonly adjustedClose: number | undefined
  /** New shares for one old share, on the day they begin to trade. */
  readonly splitCoefficient: number | undefined
}

/**
 * Divides prices by the splits that came after each bar, and multiplies its volume by them.
 * Undefined where a split falls inside a bar: its open and its close are then of different shares.
 */
export function adjustedForSplits(rows: readonly DatedRow[], splits: readonly Split[]): Bar[] | undefined {
  const straddled = rows.some(({ day, bar }) =>
    splits.some(({ exDate }) => exDate > bar.start.slice(0, 10) && exDate <= day)
  )
  if (straddled) return undefined
  return rows.map(({ day, bar }) => {
    const later = splits.filter(({ exDate }) => exDate > day)
    const ratio = later.reduce((product, split) => product * split.ratio, 1)
    return scaled(bar, (price) => price / ratio, ratio)
  })
}

/**
 * Scales `chosen` rows by the vendor's own adjusted close, volumes by the splits after each of them in `rows` (oldest
 * first). A row that is missing may have held a split: without `areAll` rows there are no volumes.
 */
export function adjustedForAll(rows: readonly DatedRow[], chosen: readonly DatedRow[], areAll: boolean): Bar[] {
  const laterSplits = new Map<DatedRow, number>()
  let ratio = areAll ? 1 : NaN
  for (const row of rows.toReversed()) {
    laterSplits.set(row, ratio)
    ratio *= row.splitCoefficient ?? NaN
  }
  return chosen.flatMap((row) => {
    if (row.adjustedClose === undefined) return []
    const factor = row.adjustedClose / row.bar.close
    return [scaled(row.bar, (price) => price * factor, laterSplits.get(row) ?? NaN)]
  })
}

/** Without its volume where the factor of that is not a number. */
function scaled({ volume, ...bar }: Bar, priceOf: (price: number) => number, volumeFactor: number): Bar {
  return {
    ...bar,
    open: priceOf(bar.open),
    high: priceOf(bar.high),
    low: priceOf(bar.low),
    close: priceOf(bar.close),
    ...(volume !== undefined && !Number.isNaN(volumeFactor) && { volume: volume * volumeFactor })
  }
}
