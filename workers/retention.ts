import type { PartitionedTable } from '../db/partitions.ts'
import type { Config } from '../src/config/config.ts'
import { DAY_MS } from '../src/market/time.ts'

type Retention = Pick<Config, 'PRICE_HISTORY_DAYS' | 'INTRADAY_BARS_DAYS' | 'TICKS_DAYS' | 'RECORDS_DAYS'>

/** From which instant on (epoch ms) things are kept: what is older goes with the next cleanup. */
export function keptSince(
  { PRICE_HISTORY_DAYS, INTRADAY_BARS_DAYS, TICKS_DAYS, RECORDS_DAYS }: Retention,
  now: number
) {
  const history = now - PRICE_HISTORY_DAYS * DAY_MS
  const partitioned: Record<PartitionedTable, number> = {
    stock_price_history: history,
    bars: now - INTRADAY_BARS_DAYS * DAY_MS,
    ticks: now - TICKS_DAYS * DAY_MS
  }
  return { partitioned, history, records: now - RECORDS_DAYS * DAY_MS }
}
