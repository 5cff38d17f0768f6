import type { BarUpdate } from '../src/market/event.ts'
import { isIntraday } from '../src/market/bar.ts'
import type { CopyTransaction } from './copy.ts'
import { instrumentIds } from './instrument-ids.ts'
import { latestByKey, upsertRows } from './rows.ts'
import { SERIES_CONFLICT } from './bars.ts'
import { bars, barSeries, dailyBars } from './schema/market-data.ts'

type Update = BarUpdate['data']

/**
 * Writes states of bars as they were told: provisional, final, corrected. Bars are those of traded prices, without
 * adjustment. An update that comes again, or after a later revision of its bar, changes nothing; what a corrected bar said
 * before is kept.
 */
export async function writeBarUpdates(tx: CopyTransaction, updates: readonly Update[]): Promise<void> {
  if (updates.length === 0) return
  const ids = await claimSeries(tx, updates)
  const revisions = Map.groupBy(updates, ({ revision }) => revision)
  for (const [, told] of [...revisions].toSorted(([a], [b]) => a - b)) {
    const newest = latestByKey(told, (update) => `${keyOf(update)} ${update.bar.start}`)
    const rowsOf = (intraday: boolean) =>
      [...newest.values()].flatMap((update) =>
        isIntraday(update.interval) === intraday ? [rowOf(update, ids.get(keyOf(update))!)] : []
      )
    await upsertRows(tx, bars, rowsOf(true), { key: ['seriesId', 'start'], where: isLater('bars') })
    await upsertRows(tx, dailyBars, rowsOf(false), { key: ['seriesId', 'start'], where: isLater('daily_bars') })
  }
}

const isLater = (table: string) =>
  `(excluded.revision, excluded.received_at) >= (${table}.revision, ${table}.received_at)`

const keyOf = ({ symbol, interval, provenance: { source, feed } }: Update) => `${symbol} ${interval} ${source} ${feed}`

function rowOf({ bar, state, revision, reason, provenance }: Update, seriesId: number) {
  const { complete: _, ...figures } = bar
  return { ...figures, seriesId, state, revision, reason, receivedAt: provenance.receivedAt }
}

/** Locks the series for this transaction and returns their ids by key. */
async function claimSeries(tx: CopyTransaction, updates: readonly Update[]): Promise<Map<string, number>> {
  const instruments = await instrumentIds(
    tx,
    updates.map(({ symbol }) => symbol)
  )
  const told = latestByKey(updates, keyOf)
  const headers = Array.from(told.values(), ({ symbol, interval, provenance }) => {
    const { source, feed, receivedAt } = provenance
    const instrumentId = instruments.get(symbol)!
    return { instrumentId, interval, adjusted: 'none' as const, source, feed, receivedAt, provenance }
  })
  await upsertRows(tx, barSeries, headers, SERIES_CONFLICT)
  const rows = await tx.query<{ id: number; key: string }>(
    `select bar_series.id::float8 as id, concat_ws(' ', symbol, interval, source, feed) as key
    from unnest($1::integer[], $2::text[], $3::text[], $4::text[]) as told (instrument_id, interval, source, feed)
    join bar_series using (instrument_id, interval, source, feed) join instruments on instruments.id = instrument_id
    where adjusted = 'none'`,
    (['instrumentId', 'interval', 'source', 'feed'] as const).map((field) => headers.map((header) => header[field]))
  )
  return new Map(rows.map(({ id, key }) => [key, id]))
}
