import pg from 'pg'
import { parseInstantNs, type InstantNs } from '../src/market/instant-ns.ts'
import type { Feed } from '../src/market/provenance.ts'
import type { Tick } from '../src/market/tick.ts'
import { isoOf } from '../src/market/time.ts'
import { keyWithinDay, replacedTrade, tradeKey } from '../src/market/trade-key.ts'
import type { Trade, TradeCancel, TradeCorrection, TradeReference } from '../src/market/trade.ts'
import type { CopyTransaction } from './copy.ts'
import { namesOf, writtenColumns } from './rows.ts'
import { ticks, type TickKind } from './schema/ticks.ts'

export const NS_PER_MICROSECOND = 1000

/** What a feed reported of an instrument. */
export type TickReport = { readonly instrumentId: number } &
  /** `isBackfilled`: it was fetched later. */
  (
    | { readonly kind: 'trade'; readonly tick: Tick<Trade>; readonly isBackfilled?: boolean }
    | { readonly kind: 'correction'; readonly tick: Tick<TradeCorrection> }
    | { readonly kind: 'cancel'; readonly tick: Tick<TradeCancel> }
  )

type TickRow = typeof ticks.$inferInsert
/** Where a trade stands that counts no longer, or counts although it was not new: what was made of its time must be made again. */
export type ChangedTrade = {
  readonly instrumentId: number
  readonly source: string
  readonly feed: Feed
  readonly kind: TickKind
  readonly tradeDate: string
  readonly session: Trade['session']
  /** Epoch milliseconds, rounded down. */
  readonly ms: number
}

export type InsertedTicks = {
  /** How much of what was reported was new. */
  readonly count: number
  /** The trades that were new. */
  readonly trades: readonly TickReport[]
  readonly changed: readonly ChangedTrade[]
}

/**
 * Adds what feeds reported: a trade that is held already, by its identity, stays as it is. Corrections and cancellations
 * mark what they replace, whichever of the two comes first. Where `areNew` is given, trades are written straight to their place,
 * in half the time: one that is held already is then refused as a duplicate (see `isDuplicate`), and nothing is written.
 */
export async function insertTicks(
  tx: CopyTransaction,
  reports: readonly TickReport[],
  { areNew = false } = {}
): Promise<InsertedTicks> {
  if (reports.length === 0) return { count: 0, trades: [], changed: [] }
  const dates = [...new Set(reports.map((report) => tradeDateOf(report)))]
  const isReplacing = reports.some(({ kind }) => kind !== 'trade')
  // Of a day's first trades Postgres has no statistics: it would read them all to find the few that have been replaced.
  await tx.query('set local enable_seqscan = off')
  const isReplaced = await replacementsOf(tx, dates)
  const mustMark = isReplacing || reports.some(isReplaced)
  if (areNew && !mustMark) {
    await tx.query('set local enable_seqscan to default')
    await tx.copyMapped(ticks, reports, rowOf)
    return { count: reports.length, trades: reports, changed: [] }
  }
  const rows = reports.map(rowOf)
  // Kept as long as the connection: a table made and dropped with each batch would bloat the catalog.
  await tx.query('create temporary table if not exists incoming_ticks (like ticks) on commit delete rows')
  await tx.copyMapped(ticks, rows, (row) => row, 'incoming_ticks')
  const added = await tx.query<{ instrumentId: number; tradeDate: string; key: string }>(INSERT_TRADES)
  const trades = newReports(reports, rows, added)
  const replacing = isReplacing ? await tx.query<ChangedTrade>(INSERT_REPLACING) : []
  const marked = mustMark ? await tx.query<ChangedTrade>(MARK_REPLACED, [dates]) : []
  await tx.query('set local enable_seqscan to default')
  await tx.query('truncate incoming_ticks')
  return { count: trades.length + replacing.length, trades, changed: [...replacing, ...marked] }
}

/** Whether a write failed because a trade is held already. */
export const isDuplicate = (error: unknown): boolean => error instanceof pg.DatabaseError && error.code === '23505'

/** Whether a trade is named by a correction or a cancellation that came before it. */
async function replacementsOf(tx: CopyTransaction, dates: readonly string[]): Promise<(report: TickReport) => boolean> {
  const held = await tx.query<{ instrumentId: number; identity: string }>(
    `select instrument_id as "instrumentId", concat_ws(' ', instrument_id, trade_date, replaces) as identity from ticks
    where trade_date = any($1::date[]) and replaces is not null`,
    [dates]
  )
  const instruments = new Set(held.map(({ instrumentId }) => instrumentId))
  const identities = new Set(held.map(({ identity }) => identity))
  return ({ instrumentId, kind, tick }) =>
    kind === 'trade' && instruments.has(instrumentId) && identities.has(tradeKey(instrumentId, tick))
}

/** Of reports of one trade in a batch the first is the one that was written. */
function newReports(
  reports: readonly TickReport[],
  rows: readonly TickRow[],
  added: readonly { instrumentId: number; tradeDate: string; key: string }[]
): TickReport[] {
  if (added.length === reports.length) return [...reports]
  const left = new Set(added.map(({ instrumentId, tradeDate, key }) => `${instrumentId} ${tradeDate} ${key}`))
  return reports.filter(({ kind }, at) => {
    const { instrumentId, tradeDate, key } = rows[at]!
    return kind === 'trade' && left.delete(`${instrumentId} ${tradeDate} ${key}`)
  })
}
const NAMES = namesOf(writtenColumns(ticks))

const INSERT_TRADES = `
  insert into ticks (${NAMES}) select ${NAMES} from incoming_ticks where kind = 'trade' on conflict do nothing
  returning instrument_id as "instrumentId", trade_date::text as "tradeDate", key`

const changedColumns = (kind: string) => `
  ticks.instrument_id as "instrumentId", ticks.source, ticks.feed, ${kind} as kind, ticks.trade_date::text as "tradeDate",
  ticks.session, floor(extract(epoch from ticks.as_of) * 1000)::float8 as ms`

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
  where kind <> 'trade' on conflict do nothing
  returning ${changedColumns('ticks.kind')}`

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
    and ticks.replaced_by is distinct from marks.kind and ticks.trade_date = any($1::date[])
  returning ${changedColumns("coalesce(marks.kind, 'correction')")}`

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
    receivedAt: receivedText(receivedAt)
  }
  if (kind === 'cancel') return { ...shared, ...replacing(tick), key: keyWithinDay(replacedTrade(tick)) }
  const { price, size, venue, conditions, tradeId } = tick
  const traded = { ...shared, key: keyWithinDay(tick), price, size, venue, conditions, tradeId }
  return kind === 'trade' ? { ...traded, asOf, ns: nsOf(asOf) } : { ...traded, ...replacing(tick) }
}

let lastReceivedAt = Number.NaN
let lastReceivedText = ''

/** Of many trades in a row it is the same. */
function receivedText(receivedAt: number): string {
  if (receivedAt !== lastReceivedAt) {
    lastReceivedText = isoOf(receivedAt)
    lastReceivedAt = receivedAt
  }
  return lastReceivedText
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

/** Nanoseconds within the microsecond. */
export const nsOf = ({ ns }: InstantNs): number => ns % NS_PER_MICROSECOND
