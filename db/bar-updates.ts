import type { BarState, BarUpdate } from '../src/market/event.ts'
import { isIntraday, type Bar } from '../src/market/bar.ts'
import type { CopyTransaction } from './copy.ts'
import { instrumentIds } from './instrument-ids.ts'
import { latestByKey, present, upsertRows } from './rows.ts'
import { SERIES_CONFLICT } from './bars.ts'
import { bars, barSeries, dailyBars } from './schema/market-data.ts'

type Update = BarUpdate['data']

/** An update after which there is a bar. */
export type StandingUpdate = Update & { readonly state: BarState }

/**
 * Writes states of bars as they were told: provisional, final, corrected. Bars are those of traded prices, without
 * adjustment. An update that comes again, or after a later revision of its bar, changes nothing; what a corrected bar said
 * before is kept.
 */
export async function writeBarUpdates(tx: CopyTransaction, updates: readonly StandingUpdate[]): Promise<void> {
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

/** Of one revision a final bar is later than a provisional one, whatever the clocks of who told them. */
const isLater = (table: string) => `${orderOf('excluded')} >= ${orderOf(table)}`
const orderOf = (row: string) => `(${row}.revision, ${row}.state <> 'provisional', ${row}.received_at)`

const keyOf = ({ symbol, interval, provenance: { source, feed } }: Update) => `${symbol} ${interval} ${source} ${feed}`

function rowOf({ bar, state, revision, reason, provenance }: StandingUpdate, seriesId: number) {
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

/** Which bar of which series. */
export type BarName = Pick<Update, 'symbol' | 'interval' | 'provenance'> & { readonly start: string }

/** What a bar said before it was withdrawn. */
export type WithdrawnBar = { readonly revision: number; readonly state: BarState } & Pick<
  Bar,
  'open' | 'high' | 'low' | 'close' | 'volume'
>

/**
 * Removes bars whose trades were all taken back; what they said is kept as a revision. Returns it by what `names` has in this
 * place; undefined where there was no such bar.
 */
export async function withdrawBars(
  tx: CopyTransaction,
  names: readonly BarName[]
): Promise<(WithdrawnBar | undefined)[]> {
  const withdrawn: (WithdrawnBar | undefined)[] = []
  for (const { symbol, interval, start, provenance } of names) {
    const [row] = await tx.query<WithdrawnBar>(
      `with gone as (
        delete from ${isIntraday(interval) ? 'bars' : 'daily_bars'} as held using bar_series, instruments
        where bar_series.id = held.series_id and instruments.id = instrument_id and symbol = $1 and interval = $2
          and adjusted = 'none' and source = $3 and feed = $4 and start = $5
        returning held.*
      ), kept as (
        insert into bar_revisions (
          series_id, start, open, high, low, close, volume, state, revision, reason, received_at, told_at
        )
        select series_id, start, open, high, low, close, volume, state, revision, reason, received_at, told_at
        from gone where state <> 'provisional' on conflict do nothing
      )
      select state, revision, open::float8 as open, high::float8 as high, low::float8 as low, close::float8 as close,
        volume::float8 as volume
      from gone`,
      [symbol, interval, provenance.source, provenance.feed, start]
    )
    withdrawn.push(row && present(row))
  }
  return withdrawn
}

/**
 * The state and the revision of bars of a symbol that are held, by what `names` has in this place; of one that was withdrawn,
 * the revision with which it was.
 */
export async function heldRevisions(
  tx: CopyTransaction,
  names: readonly BarName[]
): Promise<({ state: Update['state']; revision: number } | undefined)[]> {
  const held: ({ state: Update['state']; revision: number } | undefined)[] = []
  for (const { symbol, interval, start, provenance } of names) {
    const [row] = await tx.query<{ state: BarState | null; revision: number | null; formerly: number | null }>(
      `select held.state, held.revision, (
        select max(former.revision) from bar_revisions as former
        where former.series_id = bar_series.id and former.start = $5::timestamptz
      ) as formerly
      from bar_series join instruments on instruments.id = instrument_id
      left join ${isIntraday(interval) ? 'bars' : 'daily_bars'} as held
        on held.series_id = bar_series.id and held.start = $5::${isIntraday(interval) ? 'timestamptz' : 'date'}
      where symbol = $1 and interval = $2 and adjusted = 'none' and source = $3 and feed = $4`,
      [symbol, interval, provenance.source, provenance.feed, start]
    )
    if (row?.state) held.push({ state: row.state, revision: row.revision! })
    else held.push(typeof row?.formerly === 'number' ? { state: 'withdrawn', revision: row.formerly + 1 } : undefined)
  }
  return held
}
