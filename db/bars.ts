import { and, asc, eq, getTableColumns, gte, lt, notExists, sql as expression } from './drizzle.ts'
import { isIntraday, type Bar, type BarRequest, type BarSeries, type Interval } from '../src/market/bar.ts'
import type { Provenance } from '../src/market/provenance.ts'
import { DAY_MS, isoOf } from '../src/market/time.ts'
import { inSlices } from '../src/slices.ts'
import type { Database } from './client.ts'
import { inCopyTransaction, type CopyTransaction } from './copy.ts'
import { instrumentIds } from './instrument-ids.ts'
import { present, upsertRows, type OnConflict } from './rows.ts'
import { instruments } from './schema/instruments.ts'
import { barRevisions, bars, barSeries, dailyBars, splits } from './schema/market-data.ts'

/** Vendors round; no split and hardly any dividend moves a price by less than this. */
const SAME_CLOSE_TOLERANCE = 0.0001
/** After so many bars others may have their turn. */
const BARS_AT_ONCE = 200
/** As many of the oldest bars as are compared tell a new adjustment; the first question mostly finds them. */
const COMMON_BARS = 2
const BARS_PER_QUESTION = 2000
/** From here on COPY beats an upsert, with the question whether it may be used: 1.1 times here, twice at 20,000. */
const MIN_ROWS_TO_COPY = 200

/** What is told of a whole series by whoever answered last; not every answer names currency and zone. */
export const SERIES_CONFLICT: OnConflict<typeof barSeries> = {
  key: ['instrumentId', 'interval', 'adjusted', 'source', 'feed'],
  where: 'excluded.received_at >= bar_series.received_at',
  merge: {
    currency: 'coalesce(excluded.currency, bar_series.currency)',
    timeZone: 'coalesce(excluded.time_zone, bar_series.time_zone)'
  }
}

/** Bars by symbol, interval, adjustment, source and feed. */
export function createBarStore({ db, copyPool }: Pick<Database, 'db' | 'copyPool'>) {
  return {
    /**
     * Adds a series to what is held of it and returns how many of its bars are held now; bars received later win. Where an
     * adjusted series shows that the adjustment changed since (a split or a dividend went ex), the bars held from
     * before are wrong and go.
     */
    async upsert(series: BarSeries): Promise<number> {
      if (series.bars.length === 0) return 0
      const { table, name } = tableOf(series.interval)
      return inCopyTransaction(copyPool, async (tx) => {
        const { id, isLatest } = await claimSeries(tx, series)
        const { rows, ...reach } = await inSlices(preparing(series, id))
        if (rows.length >= MIN_ROWS_TO_COPY) {
          const held = await heldWithin(tx, name, id, { ...reach, receivedAt: series.provenance.receivedAt })
          if (held.bars === 0) return tx.copy(table, rows)
          // A job writes what it fetched, and so does the recorder behind it.
          if (held.ofThisAnswer === rows.length) return rows.length
        }
        if (series.adjusted !== 'none' && (await isReadjusted(tx, name, id, series.bars))) {
          if (!isLatest) return 0
          await tx.query(`delete from ${name} where series_id = $1`, [id])
        }
        return upsertRows(tx, table, rows, {
          key: ['seriesId', 'start'],
          where: `excluded.received_at >= ${name}.received_at`
        })
      })
    },

    /**
     * The bars held of a range, from the one source that has most of them: state `stale`, with a note of how far they
     * reach, for the store cannot know what it was never given. Undefined where it holds none.
     */
    async range(request: BarRequest): Promise<BarSeries | undefined> {
      const { table } = tableOf(request.interval)
      const matching = and(
        eq(instruments.symbol, request.symbol),
        eq(barSeries.interval, request.interval),
        eq(barSeries.adjusted, request.adjusted),
        gte(table.start, startAt(request.interval, request.from)),
        lt(table.start, startAt(request.interval, request.to, 'exclusive')),
        request.adjusted === 'none' ? undefined : notExists(laterSplit(table, request.symbol))
      )
      const [header] = await db
        .select({ series: barSeries })
        .from(table)
        .innerJoin(barSeries, eq(table.seriesId, barSeries.id))
        .innerJoin(instruments, eq(barSeries.instrumentId, instruments.id))
        .where(matching)
        .groupBy(barSeries.id)
        .orderBy(expression`count(*) desc, ${barSeries.receivedAt} desc`)
        .limit(1)
      if (!header) return undefined

      const { start, open, high, low, close, volume, state } = table
      const rows = await db
        .select({ start, open, high, low, close, volume, state })
        .from(table)
        .innerJoin(barSeries, eq(table.seriesId, barSeries.id))
        .innerJoin(instruments, eq(barSeries.instrumentId, instruments.id))
        .where(and(matching, eq(barSeries.id, header.series.id)))
        .orderBy(asc(start))
      // Retention may have removed them since.
      return rows.length === 0 ? undefined : seriesFrom(request.symbol, header.series, rows.map(barOf))
    },

    /** What was told of the bars of a series that start in [from, to), epoch ms, before they were corrected, oldest first. */
    async revisions({ symbol, interval, adjusted, source, feed }: SeriesKey, from: number, to: number) {
      const { seriesId: _, ...told } = getTableColumns(barRevisions)
      const rows = await db
        .select(told)
        .from(barRevisions)
        .innerJoin(barSeries, eq(barRevisions.seriesId, barSeries.id))
        .innerJoin(instruments, eq(barSeries.instrumentId, instruments.id))
        .where(
          and(
            eq(instruments.symbol, symbol),
            eq(barSeries.interval, interval),
            eq(barSeries.adjusted, adjusted),
            eq(barSeries.source, source),
            eq(barSeries.feed, feed),
            gte(barRevisions.start, isoOf(from)),
            lt(barRevisions.start, isoOf(to))
          )
        )
        .orderBy(asc(barRevisions.start), asc(barRevisions.revision))
      return rows.map(present)
    },

    /** Deletes what was replaced before an instant (epoch ms) and returns how many rows that were. */
    async deleteRevisionsBefore(instant: number): Promise<number> {
      return (await db.delete(barRevisions).where(lt(barRevisions.replacedAt, isoOf(instant)))).count
    }
  }

  /** A split that a bar received before it cannot have been adjusted for. */
  function laterSplit(table: typeof bars | typeof dailyBars, symbol: string) {
    return db
      .select({ exDate: splits.exDate })
      .from(splits)
      .where(
        and(
          eq(splits.symbol, symbol),
          expression`${splits.exDate} > ${table.start}::date and ${splits.exDate} > ${table.receivedAt}::date`
        )
      )
  }
}

type SeriesKey = Pick<BarSeries, 'symbol' | 'interval' | 'adjusted'> & Pick<Provenance, 'source' | 'feed'>
type StoredBar = Pick<typeof bars.$inferSelect, keyof Omit<Bar, 'complete'> | 'state'>

function barOf(row: StoredBar): Bar {
  const { state, ...bar } = present(row)
  return state === 'provisional' ? { ...bar, complete: false } : bar
}

/** Where bars of an interval are kept. */
export function tableOf(interval: Interval) {
  return isIntraday(interval) ? { table: bars, name: 'bars' } : { table: dailyBars, name: 'daily_bars' }
}

/** Where a range begins, or ends if `exclusive`, in the terms of a bar's `start`. Session dates are compared as UTC days. */
export function startAt(interval: Interval, instant: number, bound?: 'exclusive'): string {
  if (isIntraday(interval)) return isoOf(instant)
  return new Date(bound ? Math.ceil(instant / DAY_MS) * DAY_MS : instant).toISOString().slice(0, 10)
}

/** Locks the series for this transaction. `isLatest` is false where bars of it were received later than these. */
async function claimSeries(tx: CopyTransaction, series: BarSeries): Promise<{ id: number; isLatest: boolean }> {
  const { symbol, interval, adjusted, provenance } = series
  const { source, feed, receivedAt } = provenance
  const instrumentId = (await instrumentIds(tx, [symbol])).get(symbol)!
  const claimed = await upsertRows(
    tx,
    barSeries,
    [{ ...series, instrumentId, source, feed, receivedAt }],
    SERIES_CONFLICT
  )
  const [row] = await tx.query<{ id: number }>(
    `select id::float8 as id from bar_series
    where instrument_id = $1 and interval = $2 and adjusted = $3 and source = $4 and feed = $5`,
    [instrumentId, interval, adjusted, source, feed]
  )
  return { id: row!.id, isLatest: claimed === 1 }
}

/** The rows of a series, and the instants (epoch ms) of its first and its last bar. */
function* preparing(series: BarSeries, seriesId: number) {
  const { receivedAt } = series.provenance
  const rows = new Map<string, typeof bars.$inferInsert>()
  let [first, last] = [Infinity, -Infinity]
  for (const [index, bar] of series.bars.entries()) {
    if (index % BARS_AT_ONCE === 0) yield
    const instant = Date.parse(bar.start)
    first = Math.min(first, instant)
    last = Math.max(last, instant)
    const { complete, ...figures } = bar
    const state = complete === false ? 'provisional' : 'final'
    rows.set(bar.start, { ...figures, seriesId, state, revision: 0, receivedAt })
  }
  return { rows: [...rows.values()], first, last }
}

type Reach = { readonly first: number; readonly last: number; readonly receivedAt: string }

/** How many bars are held of the range that bars come for. Their series is locked, so that it stays so. */
async function heldWithin(
  tx: CopyTransaction,
  name: string,
  id: number,
  { first, last, receivedAt }: Reach
): Promise<{ bars: number; ofThisAnswer: number }> {
  const [held] = await tx.query<{ bars: number; ofThisAnswer: number }>(
    `select count(*)::int as bars,
      (count(*) filter (where received_at = $2::timestamptz(3)))::int as "ofThisAnswer"
    from ${name} where series_id = $1 and start between $3::timestamptz and $4::timestamptz`,
    [id, receivedAt, isoOf(first), isoOf(last)]
  )
  return held!
}

/**
 * Whether the bars held have another adjustment than those that come. A split or a dividend changes every bar before
 * it, so the oldest common bars tell; one that differs alone is a correction. The newest bar held may have been unfinished.
 */
async function isReadjusted(tx: CopyTransaction, name: string, id: number, incoming: readonly Bar[]): Promise<boolean> {
  const oldest: boolean[] = []
  for (let first = 0; first < incoming.length && oldest.length < COMMON_BARS; first += BARS_PER_QUESTION) {
    const common = await oldestCommon(tx, name, id, incoming.slice(first, first + BARS_PER_QUESTION))
    oldest.push(...common.map(({ differs }) => differs))
  }
  return oldest.length > 0 && oldest.slice(0, COMMON_BARS).every(Boolean)
}

/** Whether the closes of the oldest bars that are held too, but for the newest one, differ. */
async function oldestCommon(
  tx: CopyTransaction,
  name: string,
  id: number,
  incoming: readonly Bar[]
): Promise<{ differs: boolean }[]> {
  return tx.query<{ differs: boolean }>(
    `select abs(held.close - come.close) > $2::numeric * abs(come.close) as differs
    from ${name} held
    join unnest($3::text[]::timestamptz[], $4::text[]::numeric[]) as come (start, close) on come.start = held.start
    where held.series_id = $1 and held.start < (select max(start) from ${name} where series_id = $1)
    order by held.start limit ${COMMON_BARS}`,
    [id, SAME_CLOSE_TOLERANCE, incoming.map(({ start }) => start), incoming.map(({ close }) => String(close))]
  )
}

function seriesFrom(symbol: string, header: typeof barSeries.$inferSelect, held: Bar[]): BarSeries {
  const { interval, adjusted, currency, timeZone, provenance } = present(header)
  const reach = `${held.length} stored bars, ${held[0]!.start} to ${held.at(-1)!.start}`
  return {
    symbol,
    interval,
    adjusted,
    ...(currency && { currency }),
    ...(timeZone && { timeZone }),
    bars: held,
    provenance: { ...provenance, state: 'stale', notes: [...(provenance.notes ?? []), reach] }
  }
}
