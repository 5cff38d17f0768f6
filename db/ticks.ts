import { and, asc, desc, eq, gte, isNull, lt, lte, ne, sql as expression } from './drizzle.ts'
import { compareInstantNs, formatInstantNs, type InstantNs } from '../src/market/instant-ns.ts'
import { DAY_MS, isoOf } from '../src/market/time.ts'
import type { Trade } from '../src/market/trade.ts'
import type { Database } from './client.ts'
import type { CopyTransaction } from './copy.ts'
import { present, type Present } from './rows.ts'
import { ticks } from './schema/ticks.ts'
import { NS_PER_MICROSECOND, nsOf, type ChangedTrade } from './tick-writes.ts'

/** A trade as it now stands: as it was reported, or as it was corrected. `asOf` has its nanoseconds. */
export type StoredTick = Omit<Present<typeof ticks.$inferSelect>, 'ns' | 'replacedBy' | 'price' | 'size'> & {
  readonly price: number
  readonly size: number
}

/** A place in the order of an instrument's ticks. */
export type TickPlace = Pick<StoredTick, 'asOf' | 'sequence' | 'key'>

/** No session's date is further than this from any of its instants: overnight trades before the longest holidays. */
const MAX_DAYS_FROM_TRADE_DATE = 10

export type TickStore = ReturnType<typeof createTickStore>

/** Trades by instrument, as they now stand: what was corrected is told by its correction, what was cancelled is not told. */
export function createTickStore({ db }: Pick<Database, 'db'>) {
  const standing = (instrumentId: number) =>
    and(eq(ticks.instrumentId, instrumentId), isNull(ticks.replacedBy), ne(ticks.kind, 'cancel'))

  return {
    /** The newest trade; undefined where none is held. */
    async latest(instrumentId: number): Promise<StoredTick | undefined> {
      const [row] = await db
        .select()
        .from(ticks)
        .where(standing(instrumentId))
        .orderBy(desc(ticks.asOf), desc(ticks.ns), desc(ticks.sequence), desc(ticks.key))
        .limit(1)
      return row && storedTick(row)
    },

    /** Trades of [from, to), oldest first, at most `limit` of them; `after`: the last one of the page before. */
    async range(
      instrumentId: number,
      { from, to, limit, after }: { from: InstantNs; to: InstantNs; limit: number; after?: TickPlace }
    ): Promise<StoredTick[]> {
      const begin = after && compareInstantNs(after.asOf, from) > 0 ? after.asOf : from
      const order = expression`(${ticks.asOf}, ${ticks.ns}, ${ticks.sequence}, ${ticks.key})`
      const rows = await db
        .select()
        .from(ticks)
        .where(
          and(
            standing(instrumentId),
            gte(ticks.tradeDate, dayOf(begin, -MAX_DAYS_FROM_TRADE_DATE)),
            lte(ticks.tradeDate, dayOf(to, MAX_DAYS_FROM_TRADE_DATE)),
            gte(ticks.asOf, begin),
            lte(ticks.asOf, to),
            gte(expression`(${ticks.asOf}, ${ticks.ns})`, placeOf(from)),
            lt(expression`(${ticks.asOf}, ${ticks.ns})`, placeOf(to)),
            after &&
              expression`${order} > (${microsOf(after.asOf)}::text::timestamptz, ${nsOf(after.asOf)}::int, ${after.sequence}::bigint, ${after.key})`
          )
        )
        .orderBy(asc(ticks.asOf), asc(ticks.ns), asc(ticks.sequence), asc(ticks.key))
        .limit(limit)
      return rows.map(storedTick)
    }
  }
}
/** The trades of an instrument and feed as they now stand, of [from, to) (epoch ms) or of the regular session of a date. */
export async function standingTrades(
  tx: CopyTransaction,
  { instrumentId, source, feed }: Pick<ChangedTrade, 'instrumentId' | 'source' | 'feed'>,
  within: { readonly from: number; readonly to: number } | { readonly tradeDate: string }
): Promise<StandingTrade[]> {
  const columns = `
    select (extract(epoch from as_of) * 1000000)::float8 as micros, ns, sequence::float8 as sequence, price, size, tape,
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
          dayOf({ ms: within.from, ns: 0 }, -MAX_DAYS_FROM_TRADE_DATE),
          dayOf({ ms: within.to, ns: 0 }, MAX_DAYS_FROM_TRADE_DATE),
          isoOf(within.from),
          isoOf(within.to)
        ]
      ))
  return rows.map(({ micros, ns, ...row }) => {
    const ms = Math.floor(micros / 1000)
    return { ...present(row), asOf: { ms, ns: (micros - ms * 1000) * NS_PER_MICROSECOND + ns } }
  })
}

type StandingRow = { micros: number; ns: number } & {
  [Key in 'tape' | 'conditions' | 'session']: Trade[Key] | null
} & Pick<Trade, 'sequence' | 'price' | 'size' | 'tradeDate'>
export type StandingTrade = Omit<Present<StandingRow>, 'micros' | 'ns'> & { readonly asOf: InstantNs }
function storedTick(row: typeof ticks.$inferSelect): StoredTick {
  const { ns, replacedBy: _, price, size, asOf, ...rest } = row
  return { ...present(rest), asOf: { ms: asOf.ms, ns: asOf.ns + ns }, price: price!, size: size! }
}

const microsOf = ({ ms, ns }: InstantNs) => formatInstantNs({ ms, ns: ns - nsOf({ ms, ns }) })
const placeOf = (instant: InstantNs) => expression`(${microsOf(instant)}::text::timestamptz, ${nsOf(instant)}::int)`
const dayOf = ({ ms }: InstantNs, days: number) => new Date(ms + days * DAY_MS).toISOString().slice(0, 10)
