import {
  bigint,
  check,
  date,
  doublePrecision,
  index,
  integer,
  pgTable,
  primaryKey,
  smallint,
  sql,
  text
} from '../drizzle.ts'
import type { TradingStatus } from '../../src/market/halt.ts'
import type { Feed } from '../../src/market/provenance.ts'
import { instant, micros } from './columns.ts'

/**
 * When trading in an instrument stopped and went on, as feeds told it. Price bands that came alone are not kept: they follow
 * the price every half minute.
 */
export const halts = pgTable(
  'halts',
  {
    instrumentId: integer().notNull(),
    tradeDate: date({ mode: 'string' }).notNull(),
    asOf: micros().notNull(),
    /** Nanoseconds within the microsecond of `asOf`. */
    ns: smallint().notNull(),
    sequence: bigint({ mode: 'number' }).notNull(),
    status: text().$type<TradingStatus>().notNull(),
    reason: text(),
    reasonCode: text(),
    limitUp: doublePrecision(),
    limitDown: doublePrecision(),
    tape: text(),
    feed: text().$type<Feed>().notNull(),
    source: text().notNull(),
    receivedAt: instant().notNull()
  },
  (table) => [
    primaryKey({ columns: [table.instrumentId, table.asOf, table.ns, table.source, table.feed, table.status] }),
    index('halts_as_of').on(table.asOf),
    check('halts_status_known', sql`${table.status} in ('trading', 'quoting', 'paused', 'halted')`)
  ]
)
