import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Calendar, Hours } from '../../src/market/calendar.ts'
import { ALWAYS_OPEN, CALENDARS } from '../../src/market/calendars.ts'
import { MarketHours } from '../../src/market/market-hours.ts'
import { problemOfHours } from '../../src/market/session-hours.ts'
import { phaseAt, sessionOn, statusAt, tradeDate, type Session, type SessionPhase } from '../../src/market/session.ts'
import { dateIn, offsetMs } from '../../src/market/zoned-time.ts'
import { runsOf } from '../support/depth.ts'

const DAY_MS = 86_400_000
/** Twenty years, all of them behind the first set of hours of every calendar. */
const [FROM, UNTIL] = ['2011-01-02', '2031-01-01']
const [FROM_MS, UNTIL_MS] = [Date.parse(FROM), Date.parse(UNTIL)]

const newYork = CALENDARS.find(({ exchange }) => exchange === 'XNYS')!
/** As New York may trade from a day that is yet to be told: at night too, and a day for futures from evening to evening. */
const roundTheClock: Calendar = {
  ...newYork,
  exchange: 'XNYS with nights',
  hours: [...newYork.hours, { ...newYork.hours[0]!, from: '2026-12-07', overnight: ['21:00', '04:00'] }]
}
const futures: Calendar = {
  ...newYork,
  exchange: 'futures',
  timeZone: 'America/Chicago',
  hours: [{ from: '2000-01-01', pre: ['16:45', '17:00'], regular: ['17:00', '16:00'] }],
  special: []
}
/** Parts that begin and end in the hour after midnight, which spring skips in Beirut, Santiago and Cairo. */
const late = (timeZone: string): Calendar => ({
  ...newYork,
  exchange: timeZone,
  timeZone,
  weekdays: [0, 1, 2, 3, 4, 5, 6],
  hours: [{ from: '2000-01-01', overnight: ['00:00', '00:30'], pre: ['00:30', '01:15'], regular: ['01:15', '22:00'] }],
  closed: [],
  special: []
})

const calendars = [
  ...CALENDARS,
  ...ALWAYS_OPEN.filter(({ exchange }) => exchange === 'XNYS').map((each) => ({
    ...each,
    exchange: `${each.exchange}, always open`
  })),
  roundTheClock,
  futures,
  ...['Asia/Beirut', 'America/Santiago', 'Africa/Cairo', 'Australia/Lord_Howe'].map(late)
]

type Stretch = { readonly from: number; readonly to: number; readonly phase: SessionPhase; readonly date: string }

/** The parts of a session in order. */
function stretchesOf({ date, overnight, pre, regular, closingAuction, post }: Session): Stretch[] {
  const parts = [
    ['overnight', overnight],
    ['pre', pre],
    ['continuous', regular],
    ['closing_auction', closingAuction],
    ['post', post]
  ] as const
  return parts.flatMap(([phase, part]) => (part ? [{ from: part.open, to: part.close, phase, date }] : []))
}

function dates(): string[] {
  const count = (UNTIL_MS - FROM_MS) / DAY_MS + 1
  return Array.from({ length: count }, (_, day) => new Date(FROM_MS + day * DAY_MS).toISOString().slice(0, 10))
}

/** Instants at which the clocks of a zone change. */
function clockChanges(timeZone: string): number[] {
  const changes: number[] = []
  for (let day = FROM_MS; day < UNTIL_MS; day += DAY_MS) {
    let [before, after] = [day, day + DAY_MS]
    if (offsetMs(timeZone, before) === offsetMs(timeZone, after)) continue
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2)
      if (offsetMs(timeZone, middle) === offsetMs(timeZone, before)) before = middle
      else after = middle
    }
    changes.push(after)
  }
  return changes
}

describe.each(calendars.map((each) => [each.exchange, each] as const))('over twenty years, %s', (_name, calendar) => {
  const stretches = dates().flatMap((date) => {
    const session = sessionOn(calendar, date)
    return session ? stretchesOf(session) : []
  })
  const changes = clockChanges(calendar.timeZone)

  test('parts of sessions follow one another without overlapping, and no clock change turns one around', () => {
    expect(problemOfHours(calendar)).toBeUndefined()
    for (const [index, { from, to, date }] of stretches.entries()) {
      expect(to, date).toBeGreaterThanOrEqual(from)
      const next = stretches[index + 1]
      if (next) expect(next.from, next.date).toBeGreaterThanOrEqual(to)
    }
  })

  test('the regular session ends on its own date, and begins there or on the evening before', () => {
    for (const { from, to, phase, date } of stretches) {
      if (phase !== 'continuous') continue
      expect(dateIn(calendar.timeZone, to - 1)).toBe(date)
      const opens = dateIn(calendar.timeZone, from)
      expect(opens === date || opens === new Date(Date.parse(date) - DAY_MS).toISOString().slice(0, 10)).toBe(true)
    }
  })

  const boundaries = stretches.flatMap(({ from, to }) => [from, to])
  const near = (instants: number[]) =>
    fc
      .tuple(fc.constantFrom(...instants), fc.constantFrom(-3_600_000, -60_000, -1, 0, 1, 60_000, 3_600_000))
      .map(([instant, by]) => instant + by)
  const anywhere = fc.integer({ min: FROM_MS + 10 * DAY_MS, max: UNTIL_MS - 10 * DAY_MS })
  const instants = fc.oneof(
    anywhere,
    near(boundaries.filter((each) => each > FROM_MS + 10 * DAY_MS && each < UNTIL_MS - 10 * DAY_MS)),
    ...(changes.length > 2 ? [near(changes.slice(1, -1))] : [])
  )

  test('each instant has the one phase and the one trade date that its place among the sessions gives it', () => {
    fc.assert(
      fc.property(instants, (instant) => {
        const holding = stretches.filter(({ from, to }) => from <= instant && instant < to)
        expect(holding.length).toBeLessThanOrEqual(1)
        expect(phaseAt(calendar, instant)).toBe(holding[0]?.phase ?? 'closed')
        const date = tradeDate(calendar, instant)
        expect(date).toBe(stretches.find(({ to }) => to > instant)!.date)
        expect(sessionOn(calendar, date)).toBeDefined()
        expect(statusAt(calendar, instant)).toMatchObject({ phase: phaseAt(calendar, instant), tradeDate: date })
      }),
      { numRuns: runsOf(40) }
    )
  })

  test('a later instant never has an earlier trade date', () => {
    fc.assert(
      fc.property(instants, fc.integer({ min: 0, max: 4 * DAY_MS }), (instant, later) => {
        expect(tradeDate(calendar, instant + later) >= tradeDate(calendar, instant)).toBe(true)
      }),
      { numRuns: runsOf(40) }
    )
  })
})

const wall = (minutes: number): string => {
  const within = ((minutes % 1440) + 1440) % 1440
  return [Math.floor(within / 60), within % 60].map((part) => String(part).padStart(2, '0')).join(':')
}

/** Parts one after another within a day that begins at any time of day. */
const someHours: fc.Arbitrary<Hours> = fc
  .record({
    starts: fc.integer({ min: 0, max: 95 }),
    lengths: fc.array(fc.integer({ min: 1, max: 24 }), { minLength: 10, maxLength: 10 }),
    has: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 })
  })
  .map(({ starts, lengths, has }) => {
    let at = starts * 15
    const span = (index: number): [string, string] => {
      const open = at + (lengths[index * 2]! - 1) * 5
      at = open + lengths[index * 2 + 1]! * 15
      return [wall(open), wall(at)]
    }
    const [overnight, pre, regular, closingAuction, post] = [0, 1, 2, 3, 4].map(span)
    return {
      ...(has[0] && { overnight: overnight! }),
      ...(has[1] && { pre: pre! }),
      regular: regular!,
      ...(has[3] && { closingAuction: closingAuction! }),
      ...(has[4] && { post: post! })
    }
  })

test('sessions of hours that nothing is said against never overlap, whatever an operator writes', () => {
  const month = Array.from({ length: 21 }, (_, day) => `2026-03-${String(day + 1).padStart(2, '0')}`)
  const calendarOf = fc
    .tuple(someHours, fc.option(someHours), fc.option(someHours), fc.constantFrom('America/New_York', 'UTC'))
    .map(([first, second, special, timeZone]): Calendar => ({
      exchange: 'TEST',
      name: 'Test',
      timeZone,
      weekdays: [0, 1, 2, 3, 4, 5, 6],
      hours: [{ from: '2000-01-01', ...first }, ...(second ? [{ from: '2026-03-08', ...second }] : [])],
      closed: [{ date: '2026-03-12', name: 'Closed' }],
      special: special ? [{ date: '2026-03-10', name: 'Special', ...special }] : []
    }))
  let count = 0
  fc.assert(
    fc.property(calendarOf, (calendar) => {
      if (problemOfHours(calendar) !== undefined) return
      count++
      const stretches = month.flatMap((date) => {
        const session = sessionOn(calendar, date)
        return session ? stretchesOf(session) : []
      })
      for (const [index, { from, to }] of stretches.entries()) {
        expect(to).toBeGreaterThanOrEqual(from)
        expect(from).toBeGreaterThanOrEqual(stretches[index - 1]?.to ?? 0)
      }
    }),
    { numRuns: runsOf(100) }
  )
  expect(count).toBeGreaterThan(30)
})

test('what is asked of a market again and again, in any order, is what its calendar says', () => {
  const hours = new MarketHours(roundTheClock)
  const around = Date.parse('2026-12-14T21:00:00Z')
  const near = fc.integer({ min: around - DAY_MS, max: around + DAY_MS })
  fc.assert(
    fc.property(fc.array(near, { minLength: 1, maxLength: 8 }), (instants) => {
      for (const instant of instants) expect(hours.status(instant)).toEqual(statusAt(roundTheClock, instant))
    })
  )
})

describe('in New York with overnight trading', () => {
  test.each([
    ['on Sunday at 20:59 New York it is closed', '2026-12-14T01:59:59Z', 'closed', '2026-12-14'],
    ['at 21:00 it trades for Monday', '2026-12-14T02:00:00Z', 'overnight', '2026-12-14'],
    ['after midnight too', '2026-12-14T06:00:00Z', 'overnight', '2026-12-14'],
    ['until the pre session', '2026-12-14T09:00:00Z', 'pre', '2026-12-14'],
    ['after 20:00 the next date counts', '2026-12-15T01:00:00Z', 'closed', '2026-12-15'],
    ['on Friday at 21:00 nothing trades, and Monday counts', '2026-12-19T02:00:00Z', 'closed', '2026-12-21'],
    ['on the evening before a holiday nothing trades', '2026-12-25T02:00:00Z', 'closed', '2026-12-28'],
    ['on the evening before a half day it does', '2026-12-24T02:00:00Z', 'overnight', '2026-12-24'],
    ['on the evening of a holiday it does', '2027-01-19T02:00:00Z', 'overnight', '2027-01-19'],
    ['before the day from which it is in effect it does not', '2026-12-04T02:00:00Z', 'closed', '2026-12-04'],
    ['on the evening before that day it does', '2026-12-07T02:00:00Z', 'overnight', '2026-12-07']
  ])('%s', (_what, instant, phase, date) => {
    const at = Date.parse(instant)
    expect([phaseAt(roundTheClock, at), tradeDate(roundTheClock, at)]).toEqual([phase, date])
    expect(statusAt(roundTheClock, at).marketState).toBe(phase === 'pre' ? 'pre' : 'closed')
  })
})

test('weekdays and their hours change with the set that is in force', () => {
  const calendar: Calendar = {
    ...newYork,
    timeZone: 'Asia/Riyadh',
    weekdays: [0, 1, 2, 3, 4],
    hours: [
      { from: '2020-01-01', regular: ['10:00', '15:00'] },
      {
        from: '2026-07-01',
        weekdays: [1, 2, 3, 4, 5],
        weekdayHours: { 5: { regular: ['09:00', '12:00'] } },
        regular: ['10:00', '15:00']
      }
    ],
    closed: [],
    special: []
  }
  expect(sessionOn(calendar, '2026-06-28')).toBeDefined()
  expect(sessionOn(calendar, '2026-06-26')).toBeUndefined()
  expect(sessionOn(calendar, '2026-07-05')).toBeUndefined()
  expect(sessionOn(calendar, '2026-07-03')?.regular).toEqual({
    open: Date.parse('2026-07-03T06:00:00Z'),
    close: Date.parse('2026-07-03T09:00:00Z')
  })
})

test.each([
  ['sets in the wrong order', { hours: [newYork.hours[0]!, { ...newYork.hours[0]!, from: '1980-01-01' }] }, /hours\.1/],
  [
    'a night that begins before the evening has ended',
    { hours: [{ ...newYork.hours[0]!, overnight: ['19:00', '04:00'] }] },
    /hours\.0/
  ],
  ['parts that overlap', { hours: [{ ...newYork.hours[0]!, pre: ['04:00', '09:45'] }] }, /hours\.0/],
  [
    'a half day that outlasts the evening',
    { special: [{ date: '2026-12-24', name: 'half', regular: ['09:30', '13:00'], post: ['13:00', '21:30'] }] },
    /hours\.1/
  ]
] satisfies [string, Partial<Calendar>, RegExp][])('%s is named', (_what, change, problem) => {
  expect(problemOfHours({ ...roundTheClock, ...change })).toMatch(problem)
})
