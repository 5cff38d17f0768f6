import { bigint, boolean, check, date, index, jsonb, pgTable, primaryKey, sql, text } from '../drizzle.ts'
import { instant } from './columns.ts'

export type Market = 'sandbox' | 'live'

/** One row: which market this database holds. Simulated and real data never share one. */
export const installation = pgTable(
  'installation',
  {
    only: boolean().primaryKey().default(true),
    market: text().$type<Market>().notNull(),
    claimedAt: instant()
      .notNull()
      .default(sql`now()`)
  },
  (table) => [
    check('installation_one_row', sql`${table.only}`),
    check('installation_market_known', sql`${table.market} in ('sandbox', 'live')`)
  ]
)

/** Upstream calls by UTC day. */
export const providerUsage = pgTable(
  'provider_usage',
  {
    provider: text().notNull(),
    day: date({ mode: 'string' }).notNull(),
    capability: text().notNull(),
    outcome: text().notNull(),
    calls: bigint({ mode: 'number' }).notNull()
  },
  (table) => [
    primaryKey({ columns: [table.day, table.provider, table.capability, table.outcome] }),
    check('provider_usage_calls_positive', sql`${table.calls} > 0`)
  ]
)

/** Values that a quality rule refused (`hard`) or doubted (`soft`). */
export const quarantine = pgTable(
  'quarantine',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    symbol: text().notNull(),
    provider: text().notNull(),
    rule: text().notNull(),
    severity: text().$type<'hard' | 'soft'>().notNull(),
    value: jsonb().notNull(),
    at: instant().notNull()
  },
  (table) => [
    index('quarantine_at').on(table.at),
    index('quarantine_symbol').on(table.symbol, table.at),
    check('quarantine_severity_known', sql`${table.severity} in ('hard', 'soft')`)
  ]
)
