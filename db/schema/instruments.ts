import { boolean, check, date, index, integer, jsonb, pgTable, primaryKey, sql, text } from '../drizzle.ts'
import type { Instrument, InstrumentFacts, TickSize } from '../../src/market/instrument.ts'
import type { InstrumentKind } from '../../src/market/instrument-kind.ts'
import type { Sector } from '../../src/market/sector.ts'
import { figure, instant } from './columns.ts'

/** The columns of what is known of an instrument. */
export const instrumentFacts = {
  symbol: text().notNull().unique(),
  name: text(),
  kind: text().$type<InstrumentKind>(),
  mic: text(),
  exchange: text(),
  country: text(),
  currency: text(),
  multiplier: figure(),
  tickSizes: jsonb().$type<TickSize[]>(),
  lot: figure(),
  isin: text(),
  underlying: text(),
  expiry: date({ mode: 'string' }),
  lastTradingAt: instant(),
  strike: figure(),
  right: text().$type<NonNullable<Instrument['right']>>(),
  tradable: boolean(),
  sector: text().$type<Sector>(),
  industry: text(),
  hours: jsonb().$type<NonNullable<Instrument['hours']>>(),
  segment: text(),
  tradingSymbol: text(),
  exchangeToken: text(),
  delistedOn: date({ mode: 'string' })
}

/**
 * What is listed, once for every canonical symbol. The id stays when the symbol changes. An index of the migration, which
 * drizzle cannot express, finds them by the beginnings of the words in their names.
 */
export const instruments = pgTable(
  'instruments',
  {
    id: integer().primaryKey().generatedAlwaysAsIdentity(),
    ...instrumentFacts
  },
  (table) => [index('instruments_underlying').on(table.underlying, table.expiry, table.strike)]
)

/**
 * What vendors call instruments, and when: from a day to the one before another, infinite where nobody knows of one. That
 * no two instruments have one name of a vendor on one day is a constraint of the migration, which drizzle cannot express.
 */
export const instrumentAliases = pgTable(
  'instrument_aliases',
  {
    instrumentId: integer()
      .notNull()
      .references(() => instruments.id, { onDelete: 'cascade' }),
    vendor: text().notNull(),
    alias: text().notNull(),
    heldFrom: date({ mode: 'string' })
      .notNull()
      .default(sql`'-infinity'`),
    heldUntil: date({ mode: 'string' })
      .notNull()
      .default(sql`'infinity'`)
  },
  (table) => [
    primaryKey({ columns: [table.vendor, table.alias, table.heldFrom] }),
    index('instrument_aliases_instrument').on(table.instrumentId),
    check('instrument_aliases_days', sql`${table.heldFrom} < ${table.heldUntil}`)
  ]
)

/** What an instrument was before a master file told it otherwise: the members that changed, as they were. */
export const instrumentChanges = pgTable(
  'instrument_changes',
  {
    instrumentId: integer()
      .notNull()
      .references(() => instruments.id, { onDelete: 'cascade' }),
    changedAt: instant().notNull(),
    source: text().notNull(),
    former: jsonb().$type<Partial<InstrumentFacts>>().notNull()
  },
  (table) => [primaryKey({ columns: [table.instrumentId, table.changedAt] })]
)
