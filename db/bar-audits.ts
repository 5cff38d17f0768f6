import type { BarDifferenceCause } from '../src/market/bar-audit.ts'
import type { Bar, Interval } from '../src/market/bar.ts'
import { sourceOfTrades } from '../src/bars/series-names.ts'
import type { Feed } from '../src/market/provenance.ts'
import type { AuditRequest, DifferenceRequest } from '../src/market/stored-audit.ts'
import { isoOf } from '../src/market/time.ts'
import type { Database } from './client.ts'
import { and, asc, desc, eq, getTableColumns, lt, sql as raw } from './drizzle.ts'
import { present, type Present } from './rows.ts'
import { barAudits, barDifferences } from './schema/bar-audits.ts'
import { instruments } from './schema/instruments.ts'

/** Bars of our own making, and what they are made of. */
export type AuditedSeries = {
  readonly instrumentId: number
  readonly symbol: string
  readonly interval: Interval
  readonly source: string
  readonly feed: Feed
}

/** What an audit of a session found. `official`: whose bars ours were held against. */
export type BarAudit = AuditedSeries & {
  readonly tradeDate: string
  readonly official: string
  readonly compared: number
  readonly differences: readonly BarDifference[]
}

export type BarDifference = {
  /** As bars have it: an instant, or a session's date. */
  readonly start: string
  readonly cause: BarDifferenceCause
  readonly own: Omit<Bar, 'start'> | undefined
  readonly official: Omit<Bar, 'start'> | undefined
}

export type HeldAudit = typeof barAudits.$inferSelect & { readonly symbol: string }
export type HeldDifference = Present<typeof barDifferences.$inferSelect>

/** What own bars were held against the official ones of vendors. */
export function createBarAuditStore({ db, sql }: Pick<Database, 'db' | 'sql'>) {
  return {
    /** The series that are made of trades of a source and have bars of [from, until), epoch ms; of these symbols, or of all. */
    async series(source: string, from: number, until: number, symbols?: readonly string[]): Promise<AuditedSeries[]> {
      return sql<AuditedSeries[]>`
        select instrument_id as "instrumentId", symbol, interval, ${source}::text as source, feed
        from bar_series join instruments on instruments.id = instrument_id
        where source = ${sourceOfTrades(source)} and interval in ('1m', '1d') and received_at >= ${isoOf(from)}::text::timestamptz
          and (${symbols === undefined}::boolean or symbol = any(${[...(symbols ?? [])]}::text[]))
          and (exists (
            select from bars where series_id = bar_series.id
              and start >= ${isoOf(from)}::text::timestamptz and start < ${isoOf(until)}::text::timestamptz
          ) or exists (
            select from daily_bars where series_id = bar_series.id
              and start >= ${isoOf(from)}::text::date and start <= ${isoOf(until)}::text::date
          ))
        order by symbol, interval, feed`
    },

    /** The bars of a series that start in [from, until), epoch ms, and are no longer provisional; of days, that of a date. */
    async own(
      { instrumentId, interval, source, feed }: AuditedSeries,
      range: { from: number; until: number; tradeDate: string }
    ) {
      const isDaily = interval === '1d'
      const rows = await sql<Bar[]>`
        select ${isDaily ? sql`start::text` : sql`to_char(start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`} as start,
          open::float8 as open, high::float8 as high, low::float8 as low, close::float8 as close, volume::float8 as volume
        from ${isDaily ? sql`daily_bars` : sql`bars`} as held join bar_series on bar_series.id = series_id
        where instrument_id = ${instrumentId} and interval = ${interval} and source = ${sourceOfTrades(source)}
          and feed = ${feed} and adjusted = 'none' and state <> 'provisional'
          and ${
            isDaily
              ? sql`start = ${range.tradeDate}::text::date`
              : sql`start >= ${isoOf(range.from)}::text::timestamptz and start < ${isoOf(range.until)}::text::timestamptz`
          }
        order by held.start`
      return rows.map(present)
    },

    /** Keeps what an audit found in the place of what a former one of the same found. */
    async keep(audit: BarAudit): Promise<void> {
      const { instrumentId, tradeDate, interval, source, feed, official, compared, differences } = audit
      const key = { instrumentId, tradeDate, interval, source, feed, official }
      const auditedAt = new Date().toISOString()
      await db.transaction(async (tx) => {
        await tx.delete(barDifferences).where(of(barDifferences, key))
        for (let first = 0; first < differences.length; first += ROWS_PER_STATEMENT) {
          const rows = differences.slice(first, first + ROWS_PER_STATEMENT).map((each) => rowOf(key, each))
          await tx.insert(barDifferences).values(rows)
        }
        const row = { ...key, compared, differences: differences.length, auditedAt }
        await tx.delete(barAudits).where(of(barAudits, key))
        await tx.insert(barAudits).values(row)
      })
    },

    /** Of all instruments, or of one; newest sessions first. */
    async list({ tradeDate, limit, after }: AuditRequest, instrumentId?: number): Promise<HeldAudit[]> {
      const audits = barAudits
      const rest = raw`(${audits.instrumentId}, ${audits.interval}, ${audits.source}, ${audits.feed}, ${audits.official})`
      const behind =
        after &&
        raw`(${audits.tradeDate} < ${after.tradeDate} or (${audits.tradeDate} = ${after.tradeDate} and ${rest} >
          (${after.instrumentId}, ${after.interval}, ${after.source}, ${after.feed}, ${after.official})))`
      return db
        .select({ ...getTableColumns(audits), symbol: instruments.symbol })
        .from(audits)
        .innerJoin(instruments, eq(instruments.id, audits.instrumentId))
        .where(
          and(
            instrumentId === undefined ? undefined : eq(audits.instrumentId, instrumentId),
            tradeDate === undefined ? undefined : eq(audits.tradeDate, tradeDate),
            behind
          )
        )
        .orderBy(
          desc(audits.tradeDate),
          asc(audits.instrumentId),
          asc(audits.interval),
          asc(audits.source),
          asc(audits.feed),
          asc(audits.official)
        )
        .limit(limit)
    },

    /** The differences of an instrument's session, by their bars. */
    async differences(instrumentId: number, { tradeDate, limit, after }: DifferenceRequest): Promise<HeldDifference[]> {
      const { interval, start, id } = barDifferences
      const behind =
        after && raw`(${interval}, ${start}, ${id}) > (${after.interval}, ${after.start}::timestamptz, ${after.id})`
      const rows = await db
        .select()
        .from(barDifferences)
        .where(and(eq(barDifferences.instrumentId, instrumentId), eq(barDifferences.tradeDate, tradeDate), behind))
        .orderBy(asc(interval), asc(start), asc(id))
        .limit(limit)
      return rows.map(present)
    },

    /** Deletes what is of sessions before a date (YYYY-MM-DD) and returns how many audits that were. */
    async deleteBefore(date: string): Promise<number> {
      await db.delete(barDifferences).where(lt(barDifferences.tradeDate, date))
      return (await db.delete(barAudits).where(lt(barAudits.tradeDate, date))).count
    }
  }
}

/** Postgres takes 65,535 parameters. */
const ROWS_PER_STATEMENT = 1000

type Key = Omit<AuditedSeries, 'symbol'> & Pick<BarAudit, 'tradeDate' | 'official'>

function of(table: typeof barAudits | typeof barDifferences, key: Key) {
  return and(
    eq(table.instrumentId, key.instrumentId),
    eq(table.tradeDate, key.tradeDate),
    eq(table.interval, key.interval),
    eq(table.source, key.source),
    eq(table.feed, key.feed),
    eq(table.official, key.official)
  )
}

function rowOf(key: Key, { start, cause, own, official }: BarDifference): typeof barDifferences.$inferInsert {
  return {
    ...key,
    start: new Date(start).toISOString(),
    cause,
    open: own?.open,
    high: own?.high,
    low: own?.low,
    close: own?.close,
    volume: own?.volume,
    officialOpen: official?.open,
    officialHigh: official?.high,
    officialLow: official?.low,
    officialClose: official?.close,
    officialVolume: official?.volume
  }
}
