import type { SessionClock } from '../src/market/session-clock.ts'
import type { JobContext, Run } from './handler.ts'

/** While every exchange is closed the market as a whole is asked for once in this time. */
const QUIET_INTERVAL_MS = 30 * 60_000

/** Whether every exchange is closed, of those that close for the night: where none does, as in a simulation, never. */
export function isQuiet(clock: SessionClock, now: number): boolean {
  const closing = clock.calendars.filter(({ hours }) => hours.at(-1)?.regular[1] !== '24:00')
  return closing.length > 0 && closing.every(({ exchange }) => clock.status(exchange, now)?.phase === 'closed')
}

/** Whether a scheduled run has nothing to do in quiet times: all but one in half an hour. Who asks for a run gets it. */
export function isSpared({ clock, now }: Pick<JobContext, 'clock' | 'now'>, { dueAt, everyMs }: Run): boolean {
  return everyMs !== undefined && isQuiet(clock, now()) && dueAt % QUIET_INTERVAL_MS >= everyMs
}

export const SPARED = 'every exchange is closed'
