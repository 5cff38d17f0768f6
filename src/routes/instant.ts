import { Type } from 'typebox'

/** Days that there are, from 1900 on; read leniently, 30 February would be 1 March. */
const COMMON_DAY =
  '(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8])'
const LEAP_YEAR = '(19|[2-9][0-9])(0[48]|[2468][048]|[13579][26])|([2468][048]|[3579][26])00'
const DAY = `((19|[2-9][0-9])[0-9][0-9]-(${COMMON_DAY})|(${LEAP_YEAR})-02-29)`
const HOUR = '([01][0-9]|2[0-3])'
const TIME = `${HOUR}:[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?(Z|[+-]${HOUR}:[0-5][0-9])`
const DATE = new RegExp(`^${DAY}$`)
const DATE_OR_INSTANT = new RegExp(`^${DAY}(T${TIME})?$`)

/** A day that somebody asks for. */
export const Day = (description: string) =>
  Type.String({ title: 'date', pattern: DATE.source, description, examples: ['2027-01-15'] })

/** A date or an instant that somebody asks for; `instantOf` reads it. */
export const DayOrInstant = (description: string) =>
  Type.String({
    title: 'date or an instant with its zone, of 1900 or later',
    pattern: DATE_OR_INSTANT.source,
    description,
    examples: ['2024-01-31', '2024-01-31T14:30:00Z']
  })

/** A date or an instant in the zone that a database counts in, whatever offset clocks may have. */
export const DayOrUtc = Type.String({ pattern: `^${DAY}(T${HOUR}:[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?Z)?$` })

export const isDate = (text: string): boolean => DATE.test(text)

/** Epoch milliseconds of what `DayOrInstant` takes: a date begins at midnight UTC. */
export function instantOf(text: string): number {
  return Date.parse(text)
}
