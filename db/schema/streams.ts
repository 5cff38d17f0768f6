import { bigint, boolean, check, index, integer, pgTable, primaryKey, sql, text, uniqueIndex } from '../drizzle.ts'
import type { GapReason, GapState } from '../../src/market/gap.ts'
import type { Feed } from '../../src/market/provenance.ts'
import { bytes, instant } from './columns.ts'

/** Intervals of which data may be missing. `untilAt` is null while the gap grows, `instrumentId` where all are concerned. */
export const gaps = pgTable(
  'gaps',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    source: text().notNull(),
    feed: text().$type<Feed>().notNull(),
    instrumentId: integer(),
    fromAt: instant().notNull(),
    untilAt: instant(),
    reason: text().$type<GapReason>().notNull(),
    state: text().$type<GapState>().notNull().default('open'),
    /** When the state became what it is. */
    stateAt: instant()
      .notNull()
      .default(sql`now()`),
    /** How often it was tried to fill it, when that is to be tried again, and why it was not done the last time. */
    tries: integer().notNull().default(0),
    nextTryAt: instant(),
    detail: text()
  },
  (table) => [
    uniqueIndex('gaps_growing')
      .on(table.source, table.feed, sql`coalesce(${table.instrumentId}, 0)`, table.reason)
      .where(sql`${table.untilAt} is null`),
    index('gaps_state').on(table.state, table.fromAt),
    index('gaps_instrument').on(table.instrumentId, table.fromAt),
    check('gaps_order', sql`${table.untilAt} >= ${table.fromAt}`),
    check('gaps_state_known', sql`${table.state} in ('open', 'filling', 'filled', 'unfillable')`),
    check('gaps_growing_is_open', sql`${table.untilAt} is not null or ${table.state} = 'open'`)
  ]
)

/** How far each consumer of the event log has come: written in the transaction of the rows that it made of it. */
export const logCursors = pgTable(
  'log_cursors',
  {
    consumer: text().notNull(),
    shard: integer().notNull(),
    position: text().notNull(),
    committedAt: instant()
      .notNull()
      .default(sql`now()`)
  },
  (table) => [primaryKey({ columns: [table.consumer, table.shard] })]
)

/** Which process works a shard for a consumer of the event log. What it writes counts only under the newest fence. */
export const logLeases = pgTable(
  'log_leases',
  {
    consumer: text().notNull(),
    shard: integer().notNull(),
    owner: text().notNull(),
    /** Greater with each owner. */
    fence: bigint({ mode: 'number' }).notNull(),
    heldUntil: instant().notNull()
  },
  (table) => [primaryKey({ columns: [table.consumer, table.shard] })]
)

/** The processes that share a consumer's shards. */
export const logMembers = pgTable(
  'log_members',
  {
    consumer: text().notNull(),
    owner: text().notNull(),
    aliveUntil: instant().notNull()
  },
  (table) => [primaryKey({ columns: [table.consumer, table.owner] })]
)

/** What the bars of an instrument's trades are made on from, as of the consumer's cursor. `isOpen`: one is not final yet. */
export const barStates = pgTable(
  'bar_states',
  {
    instrumentId: integer().notNull(),
    source: text().notNull(),
    feed: text().$type<Feed>().notNull(),
    isOpen: boolean().notNull(),
    state: bytes().notNull()
  },
  (table) => [
    primaryKey({ columns: [table.instrumentId, table.source, table.feed] }),
    index('bar_states_open')
      .on(table.instrumentId)
      .where(sql`${table.isOpen}`)
  ]
)
