import { and, asc, desc, eq, gte, isNull, lt, lte, ne, sql as expression } from './drizzle.ts'
import { compareInstantNs, formatInstantNs, parseInstantNs, type InstantNs } from '../src/market/instant-ns.ts'
import type { Tick } from '../src/market/tick.ts'
import { DAY_MS, isoOf } from '../src/market/time.ts'
import {
  keyWithinDay,
  replacedTrade,
  type Trade,
  type TradeCancel,
  type TradeCorrection,
  type TradeReference
} from '../src/market/trade.ts'
import type { Database } from './client.ts'
import type { CopyTransaction } from './copy.ts'
import { namesOf, present, writtenColumns, type Present } from './rows.ts'
import { ticks } from './schema/ticks.ts'

/** What a feed reported of an instrument. */
export type TickReport = { readonly instrumentId: number } & (
  | { readonly kind: 'trade'; readonly tick: Tick<Trade> }
  | { readonly kind: 'correction'; readonly tick: Tick<TradeCorrection> }
  | { readonly kind: 'cancel'; readonly tick: Tick<TradeCancel> }
)

type TickRow = typeof ticks.$inferInsert

/** A trade as it now stands: as it was reported, or as it was corrected. `asOf` has its nanoseconds. */
export type StoredTick = Omit<Present<typeof ticks.$inferSelect>, 'ns' | 'replacedBy' | 'price' | 'size'> & {
  readonly price: number
  readonly size: number
}

/** A place in the order of an instrument's ticks. */
export type TickPlace = Pick<StoredTick, 'asOf' | 'sequence' | 'key'>

/** No session's date is further than this from any of its instants: overnight trades before the longest holidays. */
const MAX_DAYS_FROM_TRADE_DATE = 10
const NS_PER_MICROSECOND = 1000

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

/**
 * Adds what feeds reported and returns how much of it was new: a trade that is held already, by its identity, stays as it
 * is. Corrections and cancellations mark what they replace, whichever of the two comes first.
 */
export async function insertTicks(tx: CopyTransaction, reports: readonly TickReport[]): Promise<number> {
  if (reports.length === 0) return 0
  // Kept as long as the connection: a table made and dropped with each batch would bloat the catalog.
  await tx.query('create temporary table if not exists incoming_ticks (like ticks) on commit delete rows')
  await tx.copy(ticks, reports.map(rowOf), 'incoming_ticks')
  const { count } = await tx.unsafe(INSERT_TRADES, [])
  const replacing = reports.some(({ kind }) => kind !== 'trade') ? (await tx.unsafe(INSERT_REPLACING, [])).count : 0
  const dates = [...new Set(reports.map((report) => tradeDateOf(report)))]
  await tx.unsafe(MARK_REPLACED, [dates])
  await tx.query('truncate incoming_ticks')
  return count + replacing
}

const NAMES = namesOf(writtenColumns(ticks))

const INSERT_TRADES = `
  insert into ticks (${NAMES}) select ${NAMES} from incoming_ticks where kind = 'trade' on conflict do nothing`

/** A correction stands where the trade stood that it replaces. */
const INSERT_REPLACING = `
  insert into ticks (${NAMES})
  select ${NAMES.replace(
    '"as_of", "ns"',
    'coalesce(replaced_at.as_of, incoming.as_of), coalesce(replaced_at.ns, incoming.ns)'
  )}
  from incoming_ticks as incoming
  left join lateral (
    select held.as_of, held.ns from ticks as held
    where held.instrument_id = incoming.instrument_id and held.trade_date = incoming.trade_date
      and held.key = incoming.replaces
    order by held.corrected_at nulls first limit 1
  ) as replaced_at on true
  where kind <> 'trade' on conflict do nothing`

/** A trade, and each correction of it, is replaced by the last of the later ones that name the trade or the correction. */
const MARK_REPLACED = `
  with replaced as materialized (
    select instrument_id, trade_date, replaces as key from incoming_ticks where replaces is not null
    union
    select held.instrument_id, held.trade_date, held.replaces from ticks as held
    join incoming_ticks as incoming
      on incoming.instrument_id = held.instrument_id and incoming.trade_date = held.trade_date and incoming.key = held.replaces
    where held.replaces is not null and held.trade_date = any($1::date[])
  ), concerned as (
    select held.* from replaced join ticks as held using (instrument_id, trade_date, key)
    where held.trade_date = any($1::date[])
    union
    select held.* from replaced join ticks as held
      on held.instrument_id = replaced.instrument_id and held.trade_date = replaced.trade_date and held.replaces = replaced.key
    where held.trade_date = any($1::date[])
  ), marks as (
    select instrument_id, trade_date, key, corrected_at, (
      select later.kind from ticks as later
      where later.instrument_id = concerned.instrument_id and later.trade_date = concerned.trade_date
        and later.replaces in (concerned.key, concerned.replaces)
        and (concerned.corrected_at is null or later.corrected_at > concerned.corrected_at)
      order by later.corrected_at desc limit 1
    ) as kind
    from concerned where kind <> 'cancel'
  )
  update ticks set replaced_by = marks.kind from marks
  where ticks.instrument_id = marks.instrument_id and ticks.trade_date = marks.trade_date and ticks.key = marks.key
    and ticks.corrected_at is not distinct from marks.corrected_at
    and ticks.replaced_by is distinct from marks.kind and ticks.trade_date = any($1::date[])`

function tradeDateOf(report: TickReport): string {
  return report.kind === 'trade' ? report.tick.tradeDate : report.tick.replaces.tradeDate
}

function rowOf(report: TickReport): TickRow {
  const { instrumentId, kind, tick } = report
  const { asOf, sequence, fence, tape, session, feed, source, receivedAt } = tick
  const shared = {
    instrumentId,
    kind,
    tradeDate: tradeDateOf(report),
    sequence,
    fence,
    tape,
    session,
    feed,
    source,
    receivedAt: isoOf(receivedAt)
  }
  if (kind === 'cancel') return { ...shared, ...replacing(tick), key: keyWithinDay(replacedTrade(tick)) }
  const { price, size, venue, conditions, tradeId } = tick
  const traded = { ...shared, key: keyWithinDay(tick), price, size, venue, conditions, tradeId }
  return kind === 'trade' ? { ...traded, asOf, ns: nsOf(asOf) } : { ...traded, ...replacing(tick) }
}

function replacing(tick: Tick<TradeCorrection> | Tick<TradeCancel>) {
  const asOf = tradedAt(tick.replaces) ?? tick.asOf
  return {
    asOf,
    ns: nsOf(asOf),
    correctedAt: tick.asOf,
    replaces: keyWithinDay(replacedTrade(tick)),
    reason: tick.reason
  }
}

const tradedAt = ({ asOf }: TradeReference) => (asOf === undefined ? undefined : parseInstantNs(asOf))

function storedTick(row: typeof ticks.$inferSelect): StoredTick {
  const { ns, replacedBy: _, price, size, asOf, ...rest } = row
  return { ...present(rest), asOf: { ms: asOf.ms, ns: asOf.ns + ns }, price: price!, size: size! }
}

const nsOf = ({ ns }: InstantNs) => ns % NS_PER_MICROSECOND
const microsOf = ({ ms, ns }: InstantNs) => formatInstantNs({ ms, ns: ns - nsOf({ ms, ns }) })
const placeOf = (instant: InstantNs) => expression`(${microsOf(instant)}::text::timestamptz, ${nsOf(instant)}::int)`
const dayOf = ({ ms }: InstantNs, days: number) => new Date(ms + days * DAY_MS).toISOString().slice(0, 10)
