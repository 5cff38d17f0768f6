import type { Static } from 'typebox'
import {
  bigint,
  check,
  date,
  doublePrecision,
  index,
  integer,
  pgTable,
  smallint,
  sql,
  text,
  unique
} from '../drizzle.ts'
import type { Feed } from '../../src/market/provenance.ts'
import type { TickSession } from '../../src/market/tick.ts'
import { instant, micros } from './columns.ts'

export type TickKind = 'trade' | 'correction' | 'cancel'

/**
 * Every trade that a feed reported, and what was corrected and taken back; partitioned by trade date. Rows refer to
 * instruments without a foreign key: at stream rates its check costs more than it finds.
 */
export const ticks = pgTable(
  'ticks',
  {
    instrumentId: integer().notNull(),
    /** Of a correction or cancellation: the trade date of what it replaces. */
    tradeDate: date({ mode: 'string' }).notNull(),
    /** What tells a trade from all others of its instrument and day; of a cancellation, that of the trade it cancels. */
    key: text().notNull(),
    kind: text().$type<TickKind>().notNull(),
    /** When it was traded; of a correction or cancellation, when what it replaces was, where that is known. */
    asOf: micros().notNull(),
    /** Nanoseconds within the microsecond of `asOf`. */
    ns: smallint().notNull(),
    sequence: bigint({ mode: 'number' }).notNull(),
    fence: bigint({ mode: 'number' }),
    price: doublePrecision(),
    size: doublePrecision(),
    venue: text(),
    conditions: text().array(),
    tape: text(),
    tradeId: text(),
    session: text().$type<Static<typeof TickSession>>(),
    feed: text().$type<Feed>().notNull(),
    source: text().notNull(),
    receivedAt: instant().notNull(),
    /** Of a correction or cancellation: its own instant, the key that it replaces, and why. */
    correctedAt: micros(),
    replaces: text(),
    reason: text(),
    /** What stands in its place: such a row counts for nothing. */
    replacedBy: text().$type<Exclude<TickKind, 'trade'>>()
  },
  (table) => [
    unique('ticks_identity').on(table.instrumentId, table.tradeDate, table.key, table.correctedAt).nullsNotDistinct(),
    index('ticks_instrument_as_of').on(table.instrumentId, table.asOf),
    index('ticks_as_of').using('brin', table.asOf),
    index('ticks_replaces')
      .on(table.instrumentId, table.replaces)
      .where(sql`${table.replaces} is not null`),
    check('ticks_kind_known', sql`${table.kind} in ('trade', 'correction', 'cancel')`),
    check(
      'ticks_replaces',
      sql`(${table.kind} = 'trade') = (${table.replaces} is null and ${table.correctedAt} is null)`
    ),
    check('ticks_traded', sql`${table.kind} = 'cancel' or (${table.price} is not null and ${table.size} is not null)`),
    check('ticks_price_finite', sql`${table.price} > '-infinity' and ${table.price} < 'infinity'`),
    check('ticks_size', sql`${table.size} >= 0 and ${table.size} < 'infinity'`),
    check('ticks_ns', sql`${table.ns} between 0 and 999`),
    check('ticks_sequence', sql`${table.sequence} >= 0`)
  ]
)
