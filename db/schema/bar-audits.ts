import { bigint, check, date, doublePrecision, index, integer, pgTable, primaryKey, sql, text } from '../drizzle.ts'
import type { BarDifferenceCause } from '../../src/market/bar-audit.ts'
import type { Interval } from '../../src/market/bar.ts'
import type { Feed } from '../../src/market/provenance.ts'
import { instant } from './columns.ts'

const audited = {
  instrumentId: integer().notNull(),
  tradeDate: date({ mode: 'string' }).notNull(),
  interval: text().$type<Interval>().notNull(),
  /** Of the trades that our bars are made of. */
  source: text().notNull(),
  feed: text().$type<Feed>().notNull(),
  /** Whose bars they were held against, e.g. `alpaca/sip`. */
  official: text().notNull()
}

/** How many bars of a session were held against a vendor's official ones; a later audit of it takes the place of the former. */
export const barAudits = pgTable(
  'bar_audits',
  {
    ...audited,
    compared: integer().notNull(),
    differences: integer().notNull(),
    auditedAt: instant().notNull()
  },
  (table) => [
    primaryKey({
      name: 'bar_audits_key',
      columns: [table.instrumentId, table.tradeDate, table.interval, table.source, table.feed, table.official]
    }),
    index('bar_audits_trade_date').on(table.tradeDate)
  ]
)

/** A bar of which the official one says something else, and why. Figures are absent where one side has no such bar. */
export const barDifferences = pgTable(
  'bar_differences',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    ...audited,
    start: instant().notNull(),
    cause: text().$type<BarDifferenceCause>().notNull(),
    open: doublePrecision(),
    high: doublePrecision(),
    low: doublePrecision(),
    close: doublePrecision(),
    volume: doublePrecision(),
    officialOpen: doublePrecision(),
    officialHigh: doublePrecision(),
    officialLow: doublePrecision(),
    officialClose: doublePrecision(),
    officialVolume: doublePrecision()
  },
  (table) => [
    index('bar_differences_audit').on(table.instrumentId, table.tradeDate),
    check(
      'bar_differences_cause_known',
      sql`${table.cause} in ('one_venue', 'gap', 'fractional', 'odd_lot', 'late', 'condition', 'auction', 'wrong')`
    )
  ]
)
