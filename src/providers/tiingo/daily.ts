// https://www.tiingo.com/documentation/end-of-day
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Adjustment } from '../../market/bar.ts'
import type { Query } from '../http.ts'
import { fittingRows, oncePer } from '../rows.ts'
import { DatedText } from '../session-dates.ts'
import type { Tiingo } from './client.ts'

/** What prices and volumes as traded are multiplied with. */
export type Factor = { readonly price: number; readonly volume: number }

/** `areAll` is false where some of the vendor's rows could not be read. */
export type DailyRows = { readonly rows: DailyRow[]; readonly areAll: boolean }

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
  const rows = oncePer(
    fitting.map((row) => ({ ...row, date: row.date.slice(0, 10) })),
    ({ date }) => date
  )
  return { rows: rows.sort((one, other) => (one.date < other.date ? -1 : 1)), areAll: fitting.length === all.length }
}

/**
 * How to adjust what was traded on a date, from daily rows (oldest first) that reach from that date to today: later rows
 * tell the splits, the row of the date itself tells what dividends took off. Undefined where the rows lack the columns,
 * or where a row is missing, which may have held a split.
 * A date without a row is one whose session is not over: nothing came after it.
 */
export function factorsFrom({ rows, areAll }: DailyRows, adjusted: Adjustment): ((date: string) => Factor) | undefined {
  if (adjusted === 'none') return () => ({ price: 1, volume: 1 })
  if (!areAll || rows.some(({ splitFactor, adjClose }) => (adjusted === 'splits' ? !splitFactor : !adjClose)))
    return undefined

  const factors = new Map<string, Factor>()
  let laterSplits = 1
  for (const { date, close, adjClose, splitFactor } of rows.toReversed()) {
    const price = adjusted === 'all' ? adjClose! / close : 1 / laterSplits
    factors.set(date, { price, volume: laterSplits })
    laterSplits *= splitFactor || 1
  }
  const oldest = { price: 1 / laterSplits, volume: laterSplits }
  const newestDate = rows.at(-1)?.date ?? ''
  return (date) => factors.get(date) ?? (date > newestDate ? { price: 1, volume: 1 } : oldest)
}

const Price = Type.Number({ exclusiveMinimum: 0 })
const Num = Type.Optional(Type.Union([Type.Number(), Type.Null()]))

/**
 * `date` is a session date, whatever time and offset are printed after it (`T00:00:00+00:00`, `T00:00:00.000Z`): read in
 * New York time it would be the day before. The `adj` columns are adjusted for splits and dividends.
 */
const WireDailyRow = Type.Object({
  date: DatedText,
  open: Price,
  high: Price,
  low: Price,
  close: Price,
  volume: Num,
  adjOpen: Num,
  adjHigh: Num,
  adjLow: Num,
  adjClose: Num,
  adjVolume: Num,
  splitFactor: Num
})
export type DailyRow = Static<typeof WireDailyRow>
const WireDailyRows = Compile(WireDailyRow)
