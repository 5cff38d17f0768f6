import { Type } from 'typebox'
import { InvalidField } from '../errors.ts'
import { EARLIEST } from '../market/period.ts'

const DATE = /^\d{4}-\d{2}-\d{2}$/
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/
const DATE_LENGTH = 10

/** A day that somebody asks for. `isDay` says whether there is such a day. */
export const Day = (description: string) =>
  Type.String({ title: 'date', pattern: DATE.source, description, examples: ['2027-01-15'] })

/** A date or an instant that somebody asks for; `instantOf` reads it. */
export const DayOrInstant = (description: string) =>
  Type.String({
    title: 'date or an instant with its zone',
    pattern: `${DATE.source}|${INSTANT.source}`,
    description,
    examples: ['2024-01-31', '2024-01-31T14:30:00Z']
  })

export const isDate = (text: string): boolean => DATE.test(text)

/** Whether the calendar has the day. Dates read leniently turn 30 February into 1 March. */
export function isDay(date: string): boolean {
  const instant = DATE.test(date) ? Date.parse(date) : NaN
  return !Number.isNaN(instant) && new Date(instant).toISOString().startsWith(date)
}

/** Epoch milliseconds of a date, which begins at midnight UTC, or of an instant; of 1900 or later. Throws INVALID_REQUEST. */
export function instantOf(field: string, text: string): number {
  const instant = DATE.test(text) || INSTANT.test(text) ? Date.parse(text) : NaN
  if (instant < EARLIEST) throw new InvalidField(field, 'is before 1900', { minimum: '1900-01-01' })
  if (!Number.isNaN(instant) && isDay(text.slice(0, DATE_LENGTH))) return instant
  throw new InvalidField(field, 'must be a date (2024-01-31) or an instant with its zone (2024-01-31T14:30:00Z)', {
    examples: ['2024-01-31', '2024-01-31T14:30:00Z']
  })
}
