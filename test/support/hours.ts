import { CALENDARS } from '../../src/market/calendars.ts'
import type { HoursOf } from '../../src/market/market-hours.ts'
import { SessionClock } from '../../src/market/session-clock.ts'

/** By the calendars that this version ships with. */
export const shippedHours: HoursOf = new SessionClock(CALENDARS).hoursOf
