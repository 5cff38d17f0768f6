import type { Logger } from 'pino'
import { Compile } from 'typebox/compile'
import type { Config } from './config/config.ts'
import { ALWAYS_OPEN, CALENDARS } from './market/calendars.ts'
import { Calendar } from './market/calendar.ts'
import { nextSession } from './market/session.ts'
import { problemOfHours } from './market/session-hours.ts'
import type { SessionClock } from './market/session-clock.ts'
import { DAY_MS } from './market/time.ts'

const RELOAD_MS = 60_000
const WARN_DAYS = 60

/** Whether the configured market is simulated and trades around the clock. */
export const isAlwaysOpen = ({ MARKET, SANDBOX_HOURS }: Pick<Config, 'MARKET' | 'SANDBOX_HOURS'>): boolean =>
  MARKET === 'sandbox' && SANDBOX_HOURS === 'always'

/** The calendars that a process starts with. */
export const shippedCalendars = (config: Pick<Config, 'MARKET' | 'SANDBOX_HOURS'>): readonly Calendar[] =>
  isAlwaysOpen(config) ? ALWAYS_OPEN : CALENDARS

export type CalendarReload = {
  /** How many calendars are in use now. */
  readonly calendars: number
  /** What is wrong with rows that are not used; the calendar used before stays. */
  readonly problems: readonly string[]
  /** Calendars whose lists of special days end soon. */
  readonly ending: readonly string[]
}

export type CalendarKeeper = ReturnType<typeof createCalendarKeeper>

export type CalendarKeeperOptions = {
  store: { list(): Promise<Calendar[]> }
  clock: SessionClock
  log: Pick<Logger, 'warn'>
  now?: () => number
}

const valid = Compile(Calendar)

/** Keeps a process's clock as the exchanges' calendars stand in Postgres, where an operator may change them. */
export function createCalendarKeeper({ store, clock, log, now = Date.now }: CalendarKeeperOptions) {
  let reported = ''

  /** Rejects where Postgres does not answer. A calendar that is wrong does not replace the one in use. */
  async function reload(): Promise<CalendarReload> {
    const stored = await store.list()
    const wrong = new Map(stored.flatMap((calendar) => problemOf(calendar, now())))
    const sound = stored.filter(({ exchange }) => !wrong.has(exchange))
    const replaced = new Set(sound.map(({ exchange }) => exchange))
    const kept = clock.calendars.filter(({ exchange }) => !replaced.has(exchange))
    if (sound.length > 0) clock.replace([...kept, ...sound])
    const problems = [...wrong].map(([exchange, problem]) => `${exchange}: ${problem}`)
    const endsBefore = new Date(now() + WARN_DAYS * DAY_MS).toISOString().slice(0, 10)
    const ending = sound
      .filter(({ knownUntil }) => knownUntil !== undefined && knownUntil < endsBefore)
      .map(({ exchange, knownUntil }) => `${exchange} ends ${knownUntil}`)
    return { calendars: clock.calendars.length, problems, ending }
  }

  /** Says the same once, not every minute. */
  async function reloadQuietly(): Promise<void> {
    try {
      const { problems } = await reload()
      const text = problems.join('; ')
      if (text !== reported && text) log.warn({ problems }, 'exchange calendars are wrong; the ones before stay in use')
      reported = text
    } catch {
      // Postgres is away, which others report; the calendars in use stay.
    }
  }

  const timer = setInterval(() => void reloadQuietly(), RELOAD_MS).unref()
  return { reload, close: () => clearInterval(timer) }
}

function problemOf(calendar: Calendar, now: number): [string, string][] {
  const [error] = valid.Errors(calendar)
  if (error) return [[calendar.exchange, `${error.instancePath.slice(1).replaceAll('/', '.')} ${error.message}`]]
  const problem = problemOfHours(calendar)
  if (problem !== undefined) return [[calendar.exchange, problem]]
  try {
    nextSession(calendar, now)
    return []
  } catch (cause) {
    return [[calendar.exchange, (cause as Error).message]]
  }
}
