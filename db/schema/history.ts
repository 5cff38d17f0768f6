import { check, index, integer, jsonb, pgTable, primaryKey, sql, text } from '../drizzle.ts'
import type { ExtendedHours, MarketState } from '../../src/market/quote.ts'
import { figure, instant } from './columns.ts'

/**
 * Every price that a refresh brought, once per vendor's instant: what was asked twice and had not changed is one row.
 * A price outside the regular session is a row of its own. Partitioned by month of `asOf`.
 */
export const stockPriceHistory = pgTable(
  'stock_price_history',
  {
    symbol: text().notNull(),
    asOf: instant().notNull(),
    source: text().notNull(),
    session: text().$type<'regular' | ExtendedHours['session']>().notNull(),
    price: figure().notNull(),
    volume: figure(),
    bid: figure(),
    ask: figure(),
    currency: text(),
    marketState: text().$type<MarketState>(),
    receivedAt: instant().notNull()
  },
  (table) => [
    primaryKey({ columns: [table.symbol, table.asOf, table.source, table.session] }),
    check('stock_price_history_price_finite', sql`${table.price} > '-infinity' and ${table.price} < 'infinity'`),
    check('stock_price_history_volume_not_negative', sql`${table.volume} >= 0`),
    check('stock_price_history_session', sql`${table.session} in ('pre', 'regular', 'post', 'overnight')`)
  ]
)

/** What the market as a whole looked like, as it was served: one row per kind and instant. */
export const marketSnapshots = pgTable(
  'market_snapshots',
  {
    kind: text().notNull(),
    at: instant().notNull(),
    source: text().notNull(),
    value: jsonb().notNull()
  },
  (table) => [primaryKey({ columns: [table.kind, table.at, table.source] }), index('market_snapshots_at').on(table.at)]
)

/** The newest of what has no table of its own: option chains, fundamentals. `bytes`: of the value as JSON. */
export const lastGood = pgTable(
  'last_good',
  {
    key: text().primaryKey(),
    value: jsonb().notNull(),
    bytes: integer().notNull(),
    receivedAt: instant().notNull()
  },
  (table) => [index('last_good_received_at').on(table.receivedAt)]
)

/** The market's sentiment over time; `value` holds the components that made the score. */
export const sentiment = pgTable('sentiment', {
  at: instant().primaryKey(),
  score: figure().notNull(),
  label: text().notNull(),
  value: jsonb().notNull()
})
