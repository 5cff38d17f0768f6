import { check, date, integer, jsonb, pgTable, primaryKey, sql, text } from '../drizzle.ts'
import type { Calendar, Hours } from '../../src/market/calendar.ts'
import { instant } from './columns.ts'

/** The rules of an exchange: which weekdays it opens, and its hours since which date. */
export const exchangeCalendars = pgTable(
  'exchange_calendars',
  {
    exchange: text().primaryKey(),
    name: text().notNull(),
    timeZone: text().notNull(),
    weekdays: integer().array().notNull(),
    hours: jsonb().$type<Calendar['hours']>().notNull(),
    weekdayHours: jsonb().$type<NonNullable<Calendar['weekdayHours']>>(),
    /** The last day that `exchange_days` covers; undefined where rules say everything. */
    knownUntil: date({ mode: 'string' }),
    updatedAt: instant()
      .notNull()
      .default(sql`now()`)
  },
  (table) => [check('exchange_calendars_weekdays', sql`${table.weekdays} <@ array[0, 1, 2, 3, 4, 5, 6]`)]
)

/** The days that differ from the rules: closed where `hours` is null, else a session of these hours. */
export const exchangeDays = pgTable(
  'exchange_days',
  {
    exchange: text()
      .notNull()
      .references(() => exchangeCalendars.exchange, { onDelete: 'cascade' }),
    date: date({ mode: 'string' }).notNull(),
    name: text().notNull(),
    hours: jsonb().$type<Hours>()
  },
  (table) => [primaryKey({ columns: [table.exchange, table.date] })]
)
