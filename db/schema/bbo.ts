import type { Static } from 'typebox'
import type { Feed } from '../../src/market/provenance.ts'
import type { TickSession } from '../../src/market/tick.ts'
import { bigint, check, date, doublePrecision, index, integer, pgTable, smallint, sql, text } from '../drizzle.ts'
import { instant, micros } from './columns.ts'

/**
 * Best bids and offers as feeds told them, partitioned by trade date. They come ten times as often as trades and are kept for
 * days: no key tells one from another, for what a transaction wrote is not written again, and nothing corrects them.
 */
export const bbo = pgTable(
  'bbo',
  {
    instrumentId: integer().notNull(),
    tradeDate: date({ mode: 'string' }).notNull(),
    asOf: micros().notNull(),
    /** Nanoseconds within the microsecond of `asOf`. */
    ns: smallint().notNull(),
    sequence: bigint({ mode: 'number' }).notNull(),
    /** 0 where the vendor numbers. */
    fence: bigint({ mode: 'number' }).notNull(),
    bid: doublePrecision(),
    bidSize: doublePrecision(),
    bidVenue: text(),
    ask: doublePrecision(),
    askSize: doublePrecision(),
    askVenue: text(),
    conditions: text().array(),
    tape: text(),
    session: text().$type<Static<typeof TickSession>>(),
    feed: text().$type<Feed>().notNull(),
    source: text().notNull(),
    receivedAt: instant().notNull()
  },
  (table) => [
    index('bbo_instrument_as_of').on(table.instrumentId, table.asOf),
    check('bbo_ns', sql`${table.ns} between 0 and 999`),
    check('bbo_sequence', sql`${table.sequence} >= 0`)
  ]
)
