import type { Database } from '../../db/client.ts'
import type { Feed } from '../../src/market/provenance.ts'
import { tickOfShape } from '../../src/market/tick.ts'
import type { Trade } from '../../src/market/trade.ts'
import { plainBars } from '../bars/plain-bars.ts'

/** Bars of own making, one line each. */
export async function barsIn({ sql }: Database, feed: Feed): Promise<string[]> {
  const rows = await sql<{ line: string }[]>`
    select concat_ws(' ', symbol, interval, start_ms, open, high, low, close, volume) as line
    from (
      select series_id, (extract(epoch from start) * 1000)::bigint as start_ms, open, high, low, close, volume from bars
      union all
      select series_id, start - date '1970-01-01', open, high, low, close, volume from daily_bars
    ) as held
    join bar_series on bar_series.id = series_id join instruments on instruments.id = instrument_id
    where source = 'alpaca-trades' and feed = ${feed} order by 1`
  return rows.map(({ line }) => line).toSorted()
}

export function barsOf(trades: Iterable<Trade>): string[] {
  const bySymbol = Map.groupBy(trades, ({ symbol }) => symbol)
  return [...bySymbol]
    .flatMap(([symbol, all]) =>
      plainBars(all.map((trade) => tickOfShape(trade))).map(
        ({ interval, start, open, high, low, close, volume }) =>
          `${symbol} ${interval} ${start} ${open} ${high} ${low} ${close} ${volume}`
      )
    )
    .toSorted()
}
