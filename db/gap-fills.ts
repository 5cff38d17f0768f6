import { sourceOfTrades } from '../src/bars/series-names.ts'
import { isoOf } from '../src/market/time.ts'
import type { Database } from './client.ts'
import { and, eq, isNotNull, sql as fragment } from './drizzle.ts'
import type { Gap } from './gaps.ts'
import { gapFills } from './schema/gap-fills.ts'

/** An instrument that a gap concerns. */
export type GapInstrument = { readonly instrumentId: number; readonly symbol: string }

/** What became of an instrument's part: `trades` or `bars` that a vendor told, `via` which of its endpoints; or why there are none. */
export type GapFill =
  | { readonly via: string; readonly trades: number }
  | { readonly via: string; readonly bars: number }
  | { readonly reason: string }

export type GapSummary = {
  readonly filled: number
  readonly trades: number
  readonly bars: number
  readonly unfillable: number
  readonly reason: string | null
}

/** How far an instrument's part is fetched, where it is not whole: up to an instant (epoch ms), before which were `trades`. */
export type GapProgress = { readonly via: string; readonly trades: number; readonly reached: number }

/** Which instruments a gap concerns, and how far it is filled: one instrument after the other. */
export function createGapFillStore({ db, sql }: Pick<Database, 'db' | 'sql'>) {
  return {
    /**
     * The instruments of a gap that are not done. Of a gap of a whole feed those whose trades came within some days before
     * it, or since: before the first session after a long weekend nothing comes for so long.
     */
    async left({ id, source, feed, instrumentId, fromAt }: Gap): Promise<GapInstrument[]> {
      return instrumentId === undefined
        ? sql<GapInstrument[]>`
            select instruments.id as "instrumentId", symbol from instruments
            where exists (
              select from bar_series
              where instrument_id = instruments.id and source = ${sourceOfTrades(source)} and feed = ${feed}
                and interval = '1m' and received_at >= ${fromAt}::text::timestamptz - interval '5 days'
            ) and not exists (select from gap_fills where gap_id = ${id} and instrument_id = instruments.id and reached_at is null)
            order by symbol`
        : sql<GapInstrument[]>`
            select id as "instrumentId", symbol from instruments
            where id = ${instrumentId}
              and not exists (
                select from gap_fills where gap_id = ${id} and instrument_id = instruments.id and reached_at is null
              )`
    },

    async done(gapId: number, instrumentId: number, fill: GapFill): Promise<void> {
      await db
        .insert(gapFills)
        .values({ gapId, instrumentId, ...fill })
        .onConflictDoUpdate({
          target: [gapFills.gapId, gapFills.instrumentId],
          set: { via: null, trades: null, bars: null, reason: null, ...fill, reachedAt: null, doneAt: fragment`now()` },
          setWhere: isNotNull(gapFills.reachedAt)
        })
    },

    /** Notes how far an instrument's part of a gap is fetched and written down, for whoever goes on with it. */
    async reach(gapId: number, instrumentId: number, { via, trades, reached }: GapProgress): Promise<void> {
      const progress = { via, trades, reachedAt: isoOf(reached) }
      await db
        .insert(gapFills)
        .values({ gapId, instrumentId, ...progress })
        .onConflictDoUpdate({
          target: [gapFills.gapId, gapFills.instrumentId],
          set: progress,
          setWhere: isNotNull(gapFills.reachedAt)
        })
    },

    /** How far an instrument's part of a gap is fetched by an endpoint; undefined where nothing is, or all. */
    async progress(gapId: number, instrumentId: number, via: string): Promise<GapProgress | undefined> {
      const [row] = await db
        .select({ trades: gapFills.trades, reachedAt: gapFills.reachedAt })
        .from(gapFills)
        .where(and(eq(gapFills.gapId, gapId), eq(gapFills.instrumentId, instrumentId), eq(gapFills.via, via)))
      if (!row?.reachedAt) return undefined
      return { via, trades: row.trades ?? 0, reached: Date.parse(row.reachedAt) }
    },

    /** How many instruments of a gap have how many trades and bars, and why others have none. */
    async summary(gapId: number): Promise<GapSummary> {
      const [row] = await sql<GapSummary[]>`
        select (count(*) filter (where reason is null))::int as filled, coalesce(sum(trades), 0)::float8 as trades,
          coalesce(sum(bars), 0)::float8 as bars, count(reason)::int as unfillable, min(reason) as reason
        from gap_fills where gap_id = ${gapId} and reached_at is null`
      return row!
    }
  }
}
