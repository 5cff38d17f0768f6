import { sourceOfTrades } from '../src/bars/series-names.ts'
import type { Database } from './client.ts'
import type { Gap } from './gaps.ts'
import { gapFills } from './schema/gap-fills.ts'

/** An instrument that a gap concerns. */
export type GapInstrument = { readonly instrumentId: number; readonly symbol: string }

/** What became of an instrument's part: `trades` that a vendor told, `via` which of its endpoints; or why there are none. */
export type GapFill = { readonly via: string; readonly trades: number } | { readonly reason: string }

export type GapFillStore = ReturnType<typeof createGapFillStore>

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
            ) and not exists (select from gap_fills where gap_id = ${id} and instrument_id = instruments.id)
            order by symbol`
        : sql<GapInstrument[]>`
            select id as "instrumentId", symbol from instruments
            where id = ${instrumentId}
              and not exists (select from gap_fills where gap_id = ${id} and instrument_id = instruments.id)`
    },

    async done(gapId: number, instrumentId: number, fill: GapFill): Promise<void> {
      await db
        .insert(gapFills)
        .values({ gapId, instrumentId, ...fill })
        .onConflictDoNothing()
    },

    /** How many instruments of a gap have how many trades, and why others have none. */
    async summary(
      gapId: number
    ): Promise<{ filled: number; trades: number; unfillable: number; reason: string | null }> {
      const [row] = await sql<{ filled: number; trades: number; unfillable: number; reason: string | null }[]>`
        select (count(*) filter (where reason is null))::int as filled, coalesce(sum(trades), 0)::float8 as trades,
          count(reason)::int as unfillable, min(reason) as reason
        from gap_fills where gap_id = ${gapId}`
      return row!
    }
  }
}
