import type { Sql } from 'postgres'
import { asc, getTableColumns } from './drizzle.ts'
import type { Calendar, Hours } from '../src/market/calendar.ts'
import { inTransaction, type Database } from './client.ts'
import { exchangeCalendars, exchangeDays } from './schema/calendars.ts'

/** When exchanges trade. An operator may edit the rows: what is read is theirs, and is checked by whoever reads it. */
export function createCalendarStore({ db }: Pick<Database, 'db'>) {
  const { updatedAt: _, ...calendarColumns } = getTableColumns(exchangeCalendars)

  return {
    async list(): Promise<Calendar[]> {
      const [calendars, days] = await Promise.all([
        db.select(calendarColumns).from(exchangeCalendars).orderBy(asc(exchangeCalendars.exchange)),
        db.select().from(exchangeDays).orderBy(asc(exchangeDays.exchange), asc(exchangeDays.date))
      ])
      return calendars.map(({ weekdayHours, knownUntil, ...rules }) => {
        const own = days.filter(({ exchange }) => exchange === rules.exchange)
        return {
          ...rules,
          ...(weekdayHours && { weekdayHours }),
          ...(knownUntil && { knownUntil }),
          closed: own.flatMap(({ date, name, hours }) => (hours ? [] : [{ date, name }])),
          special: own.flatMap(({ date, name, hours }) => (hours ? [{ date, name, ...hours }] : []))
        }
      })
    }
  }
}

/**
 * Adds the calendars that a release brings: exchanges that are not held, and days after the last one that is covered.
 * Everything else stays as an operator may have changed it.
 */
export async function seedCalendars(sql: Sql, calendars: readonly Calendar[]): Promise<void> {
  await inTransaction(sql, async (tx) => {
    for (const { exchange, name, timeZone, weekdays, hours, weekdayHours, knownUntil, ...days } of calendars) {
      const [held] = await tx<{ knownUntil: string | null }[]>`
        select known_until::text as "knownUntil" from exchange_calendars where exchange = ${exchange} for update`
      const coveredUntil = held ? held.knownUntil : undefined
      if (coveredUntil === null || (coveredUntil !== undefined && coveredUntil >= (knownUntil ?? ''))) continue
      await tx`
        insert into exchange_calendars (exchange, name, time_zone, weekdays, hours, weekday_hours, known_until)
        values (${exchange}, ${name}, ${timeZone}, ${weekdays}, ${json(hours)}::text::jsonb,
          ${json(weekdayHours)}::text::jsonb, ${knownUntil ?? null}::text::date)
        on conflict (exchange) do update set known_until = excluded.known_until, updated_at = now()`
      const added = daysOf(days).filter(({ date }) => coveredUntil === undefined || date > coveredUntil)
      await tx`
        insert into exchange_days (exchange, date, name, hours)
        select ${exchange}, date, name, hours from unnest(
          ${added.map(({ date }) => date)}::text[]::date[],
          ${added.map((day) => day.name)}::text[],
          ${added.map((day) => json(day.hours))}::text[]::jsonb[]
        ) as day (date, name, hours)
        on conflict do nothing`
    }
  })
}

/** A day with a session of its own wins over one that is closed, as it does in a calendar. */
function daysOf({ closed, special }: Pick<Calendar, 'closed' | 'special'>) {
  const sessions = special.map(({ date, name, ...hours }) => ({ date, name, hours: hours as Hours | undefined }))
  return [...sessions, ...closed.map((day) => ({ ...day, hours: undefined }))]
}

/** Text, for a client that drizzle has changed passes no objects on. */
const json = (value: object | undefined) => (value === undefined ? null : JSON.stringify(value))
