// https://www.tiingo.com/documentation/end-of-day
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Adjustment } from '../../market/bar.ts'
import type { Query } from '../http.ts'
import type { Split } from '../../market/corporate-action.ts'
import { notNegative, positive } from '../parse.ts'
import { agreedPer, fittingRows, isSplitRatio } from '../rows.ts'
import { DatedText } from '../session-dates.ts'
import { unfollowedPayouts } from '../total-return.ts'
import type { Tiingo } from './client.ts'

/** What prices and volumes as traded are multiplied with. */
export type Factor = { readonly price: number; readonly volume: number }

/** `areAll` is false where some of the vendor's rows could not be read; `contradicted`: dates of rows that are told twice and not alike. */
export type DailyRows = {
  readonly rows: DailyRow[]
  readonly areAll: boolean
  readonly contradicted: readonly string[]
}

/** Daily rows (weekly and monthly ones with `resampleFreq`), oldest first, as traded and adjusted side by side. */
export async function loadDailyRows(
  tiingo: Tiingo,
  wire: string,
  query: Query,
  signal: AbortSignal
): Promise<DailyRows> {
  const path = `/tiingo/daily/${encodeURIComponent(wire)}/prices`
  const all = await tiingo.array(path, { resampleFreq: 'daily', ...query, format: 'json' }, signal)
  const fitting = fittingRows('tiingo', path, all, WireDailyRows)
  const { rows, contradicted } = agreedPer(
    fitting.map((row) => ({ ...row, date: row.date.slice(0, 10) })),
    ({ date }) => date
  )
  rows.sort((one, other) => (one.date < other.date ? -1 : 1))
  return { rows, contradicted, areAll: fitting.length === all.length }
}

/** Whether a row has all of its prices as traded: a session without trades, and a mistake, may lack some. */
export function isPriced(row: DailyRow): row is PricedRow {
  return [row.open, row.high, row.low, row.close].every((price) => positive(price) !== undefined)
}

/** The splits that daily rows tell. */
export function splitsIn({ rows }: DailyRows): Split[] {
  return rows.flatMap(({ date, splitFactor }) =>
    isSplitRatio(splitFactor) ? [{ exDate: date, ratio: splitFactor }] : []
  )
}

/** Why the adjusted closes of daily rows are no total return by what the rows themselves tell; empty where they are. */
export function payoutDoubtsIn(rows: readonly DailyRow[]): string[] {
  if (rows.some(({ divCash }) => notNegative(divCash) === undefined)) return []
  return unfollowedPayouts(
    rows.map(({ date, close, adjClose, splitFactor }) => ({
      date,
      close: positive(close) ?? 0,
      adjustedClose: positive(adjClose),
      split: positive(splitFactor)
    })),
    rows.flatMap(({ date, divCash }) => (divCash ? [{ exDate: date, amount: divCash }] : []))
  )
}

/**
 * How to adjust what was traded on a date, from daily rows (oldest first) that reach from that date to today: later rows
 * tell the splits, the row of the date itself tells what dividends took off. Undefined where the rows lack the columns,
 * or where a row is missing, which may have held a split; for a date it is undefined where that one cannot be adjusted, as
 * it cannot before a row whose split is not known.
 * A date after all rows is one whose session is not over: nothing came after it.
 */
export function factorsFrom(
  known: DailyRows,
  adjusted: Adjustment
): ((date: string) => Factor | undefined) | undefined {
  if (adjusted === 'none') return () => AS_TRADED
  const { rows, areAll } = known
  const hasColumn = rows.some(adjusted === 'splits' ? ({ splitFactor }) => splitFactor : isAdjusted)
  if (rows.length > 0 && !(areAll && hasColumn)) return undefined
  const knownFrom = rows.findLast(({ splitFactor }) => !splitFactor)?.date ?? ''

  const splits = splitsIn(known)
  const sharesSince = (date: string) =>
    splits.reduce((shares, { exDate, ratio }) => (exDate > date ? shares * ratio : shares), 1)
  if (adjusted === 'splits') {
    return (date) => (date < knownFrom ? undefined : { price: 1 / sharesSince(date), volume: sharesSince(date) })
  }

  const prices = new Map(
    rows.flatMap((row) => (isAdjusted(row) ? [[row.date, row.adjClose / row.close] as const] : []))
  )
  const newestDate = rows.at(-1)?.date ?? ''
  return (date) => {
    const price = date > newestDate ? 1 : prices.get(date)
    return price === undefined ? undefined : { price, volume: sharesSince(date) }
  }
}

export const AS_TRADED: Factor = { price: 1, volume: 1 }

function isAdjusted(row: DailyRow): row is DailyRow & { close: number; adjClose: number } {
  return positive(row.close) !== undefined && positive(row.adjClose) !== undefined
}

const Num = Type.Optional(Type.Union([Type.Number(), Type.Null()]))

/**
 * `date` is a session date, whatever time and offset are printed after it (`T00:00:00+00:00`, `T00:00:00.000Z`): read in
 * New York time it would be the day before. The `adj` columns are adjusted for splits and dividends.
 */
const WireDailyRow = Type.Object({
  date: DatedText,
  open: Num,
  high: Num,
  low: Num,
  close: Num,
  volume: Num,
  adjOpen: Num,
  adjHigh: Num,
  adjLow: Num,
  adjClose: Num,
  adjVolume: Num,
  divCash: Num,
  splitFactor: Num
})
export type DailyRow = Static<typeof WireDailyRow>
export type PricedRow = DailyRow & Record<'open' | 'high' | 'low' | 'close', number>
const WireDailyRows = Compile(WireDailyRow)
