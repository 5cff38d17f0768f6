import { expect, test, vi } from 'vitest'
import { createCalendarKeeper } from '../src/exchange-calendars.ts'
import { CALENDARS } from '../src/market/calendars.ts'
import type { Calendar } from '../src/market/calendar.ts'
import { SessionClock } from '../src/market/session-clock.ts'

const NOON = Date.parse('2026-03-05T17:00:00Z')
const newYork = CALENDARS.find(({ exchange }) => exchange === 'XNYS')!

function keeperOf(stored: Calendar[]) {
  const clock = new SessionClock(CALENDARS)
  const keeper = createCalendarKeeper({
    store: { list: async () => stored },
    clock,
    log: { warn: vi.fn() },
    now: () => NOON
  })
  return { clock, keeper }
}

test('a holiday that an operator adds closes the exchange, and the other exchanges keep theirs', async () => {
  const closed = [...newYork.closed, { date: '2026-03-05', name: 'Day of mourning' }]
  const { clock, keeper } = keeperOf([{ ...newYork, closed }])
  expect(clock.status('XNYS', NOON)?.phase).toBe('continuous')
  expect(await keeper.reload()).toMatchObject({ calendars: CALENDARS.length, problems: [] })
  expect(clock.status('XNYS', NOON)?.phase).toBe('closed')
  expect(clock.status('CRYPTO', NOON)?.phase).toBe('continuous')
  keeper.close()
})

test('a calendar that is wrong is named, and does not replace the one in use', async () => {
  const broken: [Partial<Calendar>, RegExp][] = [
    [{ hours: [{ from: '1985-09-30', regular: ['9:30', '16:00'] }] }, /XNYS: hours/],
    [{ timeZone: 'America/Gotham' }, /XNYS: .*Gotham/],
    [{ weekdays: [] }, /XNYS: .*no session/]
  ]
  for (const [change, problem] of broken) {
    const { clock, keeper } = keeperOf([{ ...newYork, ...change }])
    const { problems } = await keeper.reload()
    expect(problems.join()).toMatch(problem)
    expect(clock.status('XNYS', NOON)?.phase).toBe('continuous')
    keeper.close()
  }
})

test('lists of days that end soon are told in time to be renewed', async () => {
  const { keeper } = keeperOf([{ ...newYork, knownUntil: '2026-04-30' }])
  expect((await keeper.reload()).ending).toEqual(['XNYS ends 2026-04-30'])
  keeper.close()
})
