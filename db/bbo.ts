import type { Bbo } from '../src/market/bbo.ts'
import type { BboPlace, BboRequest } from '../src/market/stored-bbo.ts'
import { compareInstantNs } from '../src/market/instant-ns.ts'
import type { Tick } from '../src/market/tick.ts'
import { isoOf } from '../src/market/time.ts'
import { inSlices, mapping } from '../src/slices.ts'
import type { Database } from './client.ts'
import type { CopyTransaction } from './copy.ts'
import { present, type Present } from './rows.ts'
import { bbo } from './schema/bbo.ts'
import { instantOf, microsOf, tradeDateBound } from './tick-instants.ts'
import { nsOf } from './tick-writes.ts'

export type BboReport = { readonly instrumentId: number; readonly tick: Tick<Bbo> }

/** Its nanoseconds are in `asOf`. */
export type StoredBbo = Omit<Present<typeof bbo.$inferSelect>, 'ns'>

/** Adds what feeds told. */
export async function insertBbo(tx: CopyTransaction, reports: readonly BboReport[]): Promise<void> {
  if (reports.length > 0) await tx.copyMapped(bbo, reports, rowOf)
}

function rowOf({ instrumentId, tick }: BboReport): typeof bbo.$inferInsert {
  const { symbol: _symbol, currency: _currency, fence = 0, asOf, receivedAt, ...told } = tick
  return { instrumentId, ...told, fence, asOf, ns: nsOf(asOf), receivedAt: isoOf(receivedAt) }
}

/** Best bids and offers by instrument. */
export function createBboStore({ sql }: Pick<Database, 'sql'>) {
  const behind = ({ asOf, sequence, fence, source, feed }: BboPlace) => sql`(
    ${microsOf(asOf)}::text::timestamptz, ${nsOf(asOf)}::int, ${sequence}::bigint, ${fence}::bigint, ${source}, ${feed})`

  return {
    /** Those of [from, to), oldest first unless told otherwise, at most `limit` of them. */
    async range(instrumentId: number, request: BboRequest): Promise<StoredBbo[]> {
      const { from, to, limit, after, feed, sources, newestFirst = false } = request
      const begin = after && !newestFirst && compareInstantNs(after.asOf, from) > 0 ? after.asOf : from
      const end = after && newestFirst && compareInstantNs(after.asOf, to) < 0 ? after.asOf : to
      const order = sql.unsafe(newestFirst ? 'desc' : 'asc')
      const place = sql`(as_of, ns, sequence, fence, source, feed)`
      const rows = await sql<BboRow[]>`
        select ${sql.unsafe(COLUMNS)} from bbo
        where instrument_id = ${instrumentId} ${feed ? sql`and feed = ${feed}` : sql``}
          ${sources ? sql`and source = any(${[...sources]}::text[])` : sql``}
          and trade_date between ${tradeDateBound(begin, -1)}::text::date and ${tradeDateBound(end, 1)}::text::date
          and as_of between ${microsOf(begin)}::text::timestamptz and ${microsOf(end)}::text::timestamptz
          and (as_of, ns) >= (${microsOf(from)}::text::timestamptz, ${nsOf(from)}::int)
          and (as_of, ns) < (${microsOf(to)}::text::timestamptz, ${nsOf(to)}::int)
          ${after ? sql`and ${place} ${sql.unsafe(newestFirst ? '<' : '>')} ${behind(after)}` : sql``}
        order by as_of ${order}, ns ${order}, sequence ${order}, fence ${order}, source ${order}, feed ${order} limit ${limit}`
      return inSlices(mapping(rows, storedBbo))
    }
  }
}

const COLUMNS = `
  instrument_id as "instrumentId", trade_date::text as "tradeDate", (extract(epoch from as_of) * 1000000)::float8 as "asOf", ns,
  sequence::float8 as sequence, fence::float8 as fence, bid, bid_size as "bidSize", bid_venue as "bidVenue", ask,
  ask_size as "askSize", ask_venue as "askVenue", conditions, tape, session, feed, source,
  (extract(epoch from received_at) * 1000)::float8 as "receivedAt"`

/** `asOf` in microseconds since 1970, `receivedAt` in milliseconds. */
type BboRow = Omit<typeof bbo.$inferSelect, 'asOf' | 'receivedAt'> & { asOf: number; receivedAt: number }

function storedBbo({ ns, asOf, receivedAt, ...rest }: BboRow): StoredBbo {
  return { ...present(rest), asOf: instantOf(asOf, ns), receivedAt: isoOf(receivedAt) }
}
