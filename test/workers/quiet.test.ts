import { expect, test } from 'vitest'
import { ALWAYS_OPEN, CALENDARS } from '../../src/market/calendars.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import { isQuiet } from '../../workers/quiet.ts'

const SUNDAY = Date.parse('2026-11-29T12:00:00Z')
const MONDAY = Date.parse('2026-11-30T15:00:00Z')

test('a weekend is quiet, though coins go on', () => {
  const clock = new SessionClock(CALENDARS)
  expect([isQuiet(clock, SUNDAY), isQuiet(clock, MONDAY)]).toEqual([true, false])
})

test('a simulated market that never closes is renewed on Sundays too', () => {
  expect(isQuiet(new SessionClock(ALWAYS_OPEN), SUNDAY)).toBe(false)
})
