import { Type, type Static } from 'typebox'

const Day = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: 'YYYY-MM-DD' })
const WALL_TIME = '^(([01]\\d|2[0-3]):[0-5]\\d|24:00)$'
const Span = Type.Tuple([Type.String({ pattern: WALL_TIME }), Type.String({ pattern: WALL_TIME })], {
  description: 'Opening and end as wall time of the exchange'
})

/**
 * The parts of a trading day, in their order. `regular` ends on the session's date; the other parts lie as near to it as
 * their order allows, so that a span whose end is not after its opening crosses midnight: an overnight session of 20:00
 * to 04:00 begins on the evening before the date that it belongs to. `closingAuction` belongs to the regular session.
 */
export const Hours = Type.Object({
  overnight: Type.Optional(Span),
  pre: Type.Optional(Span),
  regular: Span,
  closingAuction: Type.Optional(Span),
  post: Type.Optional(Span)
})
export type Hours = Static<typeof Hours>

const Weekdays = Type.Array(Type.Integer({ minimum: 0, maximum: 6 }), { description: '0 is Sunday' })
const WeekdayHours = Type.Record(Type.String({ pattern: '^[0-6]$' }), Hours, {
  description: 'Weekdays that differ; 0 is Sunday'
})

/** When an exchange trades: data, so that a change of its rules is a row and not a release. */
export const Calendar = Type.Object(
  {
    exchange: Type.String({
      description: 'ISO 10383 MIC, with a segment where one exchange has several',
      examples: ['XNYS']
    }),
    name: Type.String(),
    timeZone: Type.String({ description: 'IANA' }),
    weekdays: Weekdays,
    hours: Type.Array(
      Type.Object({
        from: Day,
        weekdays: Type.Optional(Weekdays),
        weekdayHours: Type.Optional(WeekdayHours),
        ...Hours.properties
      }),
      {
        minItems: 1,
        description:
          "Oldest first; each holds for the sessions from its date on, with the calendar's weekdays where it names none. " +
          'The first holds for all sessions before its date too: what came before it is not known'
      }
    ),
    weekdayHours: Type.Optional(WeekdayHours),
    closed: Type.Array(Type.Object({ date: Day, name: Type.String() })),
    special: Type.Array(Type.Object({ date: Day, name: Type.String(), ...Hours.properties }), {
      description: 'Half days, and sessions on days that would be closed; the night before stays as usual'
    }),
    knownUntil: Type.Optional(
      Type.String({ description: 'Last day that the lists cover; later days are weekday rules' })
    )
  },
  { $id: 'Calendar' }
)
export type Calendar = Static<typeof Calendar>

/** The hours of ordinary days of a date: those of the set in force, for its weekday. */
export function ordinaryHours(calendar: Calendar, date: string): Hours {
  const inForce = inForceOn(calendar, date)
  const byWeekday = inForce.weekdayHours ?? calendar.weekdayHours
  return byWeekday?.[weekdayOf(date)] ?? inForce
}

/** Whether the exchange trades on a date by rule; a session of its own on a day that would be closed is none. */
export function isOrdinaryDay(calendar: Calendar, date: string): boolean {
  const weekdays = inForceOn(calendar, date).weekdays ?? calendar.weekdays
  return weekdays.includes(weekdayOf(date)) && !calendar.closed.some((each) => each.date === date)
}

/** The hours of the session of a date; undefined where the exchange is closed that day. */
export function hoursOn(calendar: Calendar, date: string): (Hours & { readonly name?: string }) | undefined {
  const special = calendar.special.find((each) => each.date === date)
  if (!special) return isOrdinaryDay(calendar, date) ? ordinaryHours(calendar, date) : undefined
  const overnight = special.overnight ?? ordinaryHours(calendar, date).overnight
  return { ...special, ...(overnight && { overnight }) }
}

function inForceOn({ hours }: Calendar, date: string) {
  return hours.findLast(({ from }) => from <= date) ?? hours[0]!
}

function weekdayOf(date: string): number {
  return new Date(`${date}T00:00:00Z`).getUTCDay()
}
