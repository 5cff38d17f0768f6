import { DAY_MS, LAST_DATE_MS } from '../src/market/time.ts'
import type { PartitionedTable } from './partitions.ts'

/** The settings of these names, in days. */
export type Retention = Readonly<
  Record<'PRICE_HISTORY_DAYS' | 'INTRADAY_BARS_DAYS' | 'TICKS_DAYS' | 'BBO_DAYS' | 'RECORDS_DAYS', number>
>

/** From which instant on (epoch ms) things are kept: what is older goes with the next cleanup. */
export function keptSince(
  { PRICE_HISTORY_DAYS, INTRADAY_BARS_DAYS, TICKS_DAYS, BBO_DAYS, RECORDS_DAYS }: Retention,
  now: number
) {
  const history = now - PRICE_HISTORY_DAYS * DAY_MS
  const partitioned: Record<PartitionedTable, number> = {
    stock_price_history: history,
    bars: now - INTRADAY_BARS_DAYS * DAY_MS,
    ticks: now - TICKS_DAYS * DAY_MS,
    // Trade dates may lie days ahead: where none are kept, these go too.
    bbo: BBO_DAYS > 0 ? now - BBO_DAYS * DAY_MS : LAST_DATE_MS
  }
  return { partitioned, history, records: now - RECORDS_DAYS * DAY_MS }
}
