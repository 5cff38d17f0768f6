import type { Sql } from 'postgres'
import { compareInstantNs, type InstantNs } from '../src/market/instant-ns.ts'
import type { TickPlace, TickRequest } from '../src/market/stored-tick.ts'
import { isoOf } from '../src/market/time.ts'
import type { Trade } from '../src/market/trade.ts'
import { inSlices, mapping } from '../src/slices.ts'
import type { Database } from './client.ts'
import type { CopyTransaction } from './copy.ts'
import { present, type Present } from './rows.ts'
import type { ticks } from './schema/ticks.ts'
import { instantOf, microsOf, tradeDateBound } from './tick-instants.ts'
import { nsOf, type ChangedTrade } from './tick-writes.ts'

/**
 * A report as it is held: `kind` says of what. Its nanoseconds are in `asOf`; `replacedBy`: it counts for nothing, for it
 * was corrected or cancelled.
 */
export type StoredTick = Omit<Present<typeof ticks.$inferSelect>, 'ns'>

/** Trades by instrument, as they now stand: what was corrected is told by its correction, what was cancelled is not told. */
export function createTickStore({ sql }: Pick<Database, 'sql'>) {
  const columns = sql.unsafe(COLUMNS)
  const standing = sql`and replaced_by is null and kind <> 'cancel'`

  return {
    /** The newest trade; undefined where none is held. */
    async latest(instrumentId: number): Promise<StoredTick | undefined> {
      const [row] = await sql<TickRow[]>`
        select ${columns} from ticks where instrument_id = ${instrumentId} ${standing}
        order by as_of desc, ns desc, sequence desc, key desc limit 1`
      return row && storedTick(row)
    },

    /**
     * Trades of [from, to), oldest first unless told otherwise, at most `limit` of them; with `all` also what was corrected and
     * cancelled, and what did that. In comparisons of rows nulls have no place: reports that correct nothing come before those
     * of all instants.
     */
    async range(instrumentId: number, request: TickRequest): Promise<StoredTick[]> {
      const { from, to, limit, after, all, feed, sources, newestFirst = false } = request
      const begin = after && !newestFirst && compareInstantNs(after.asOf, from) > 0 ? after.asOf : from
      const end = after && newestFirst && compareInstantNs(after.asOf, to) < 0 ? after.asOf : to
      const place = sql`(as_of, ns, sequence, key, coalesce(corrected_at, '-infinity'))`
      const order = sql.unsafe(newestFirst ? 'desc' : 'asc')
      const rows = await sql<TickRow[]>`
        select ${columns} from ticks
        where instrument_id = ${instrumentId} ${all ? sql`` : standing} ${feed ? sql`and feed = ${feed}` : sql``}
          ${sources ? sql`and source = any(${[...sources]}::text[])` : sql``}
          and trade_date between ${tradeDateBound(begin, -1)}::text::date
            and ${tradeDateBound(end, 1)}::text::date
          and as_of between ${microsOf(begin)}::text::timestamptz and ${microsOf(end)}::text::timestamptz
          and (as_of, ns) >= ${placeOf(sql, from)} and (as_of, ns) < ${placeOf(sql, to)}
          ${after ? sql`and ${place} ${sql.unsafe(newestFirst ? '<' : '>')} ${behind(sql, after)}` : sql``}
        order by as_of ${order}, ns ${order}, sequence ${order}, key ${order},
          coalesce(corrected_at, '-infinity') ${order} limit ${limit}`
      return inSlices(mapping(rows, storedTick))
    }
  }
}

const microsSince1970 = (column: string) => `(extract(epoch from ${column}) * 1000000)::float8`
const COLUMNS = `
  instrument_id as "instrumentId", trade_date::text as "tradeDate", key, kind, ${microsSince1970('as_of')} as "asOf", ns,
  sequence::float8 as sequence, fence::float8 as fence, price, size, venue, conditions, tape, trade_id as "tradeId",
  session, feed, source, (extract(epoch from received_at) * 1000)::float8 as "receivedAt",
  ${microsSince1970('corrected_at')} as "correctedAt", replaces, reason, replaced_by as "replacedBy"`

/** Instants are microseconds since 1970, but `receivedAt`, which is milliseconds. */
type TickRow = Omit<typeof ticks.$inferSelect, 'asOf' | 'correctedAt' | 'receivedAt'> & {
  asOf: number
  correctedAt: number | null
  receivedAt: number
}

function storedTick(row: TickRow): StoredTick {
  const { ns, asOf, correctedAt, receivedAt, ...rest } = row
  return {
    ...present(rest),
    asOf: instantOf(asOf, ns),
    receivedAt: isoOf(receivedAt),
    ...(correctedAt !== null && { correctedAt: instantOf(correctedAt, 0) })
  }
}

/** The trades of an instrument and feed as they now stand, of [from, to) (epoch ms) or of the regular session of a date. */
export async function standingTrades(
  tx: CopyTransaction,
  { instrumentId, source, feed }: Pick<ChangedTrade, 'instrumentId' | 'source' | 'feed'>,
  within: { readonly from: number; readonly to: number } | { readonly tradeDate: string }
): Promise<StandingTrade[]> {
  const columns = `
    select ${microsSince1970('as_of')} as micros, ns, sequence::float8 as sequence, price, size, tape,
      conditions, session, trade_date::text as "tradeDate"
    from ticks
    where instrument_id = $1 and source = $2 and feed = $3 and replaced_by is null and kind <> 'cancel'`
  const rows = await ('tradeDate' in within
    ? tx.query<StandingRow>(`${columns} and trade_date = $4::date and coalesce(session, 'regular') = 'regular'`, [
        instrumentId,
        source,
        feed,
        within.tradeDate
      ])
    : tx.query<StandingRow>(
        `${columns} and trade_date between $4::date and $5::date and as_of >= $6::timestamptz and as_of < $7::timestamptz`,
        [
          instrumentId,
          source,
          feed,
          tradeDateBound({ ms: within.from, ns: 0 }, -1),
          tradeDateBound({ ms: within.to, ns: 0 }, 1),
          isoOf(within.from),
          isoOf(within.to)
        ]
      ))
  return rows.map(({ micros, ns, ...row }) => ({ ...present(row), asOf: instantOf(micros, ns) }))
}

type StandingRow = { micros: number; ns: number } & {
  [Key in 'tape' | 'conditions' | 'session']: Trade[Key] | null
} & Pick<Trade, 'sequence' | 'price' | 'size' | 'tradeDate'>
export type StandingTrade = Omit<Present<StandingRow>, 'micros' | 'ns'> & { readonly asOf: InstantNs }

const placeOf = (sql: Sql, instant: InstantNs) => sql`(${microsOf(instant)}::text::timestamptz, ${nsOf(instant)}::int)`
const behind = (sql: Sql, { asOf, sequence, key, correctedAt }: TickPlace) => sql`(
  ${microsOf(asOf)}::text::timestamptz, ${nsOf(asOf)}::int, ${sequence}::bigint, ${key},
  ${correctedAt ? microsOf(correctedAt) : '-infinity'}::text::timestamptz)`
