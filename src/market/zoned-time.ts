import { DAY_MS, MINUTE_MS } from './time.ts'

/** Beyond these instants years are not written with four digits. */
const FIRST_INSTANT = Date.UTC(1000, 0, 1)
const LAST_INSTANT = Date.UTC(9999, 11, 30)
/** Of all zones together; once so many are known all are forgotten. */
const MAX_KNOWN_DAYS = 100_000

const formatters = new Map<string, Intl.DateTimeFormat>()
/** By zone and UTC day, how far clocks are ahead as the day begins: to ask for it takes a hundred times as long. */
const offsets = new Map<string, Map<number, number>>()
let knownDays = 0

/**
 * The instant (epoch ms) at which a wall clock in a time zone shows the given date and time.
 * In the hour that an autumn change repeats, the first one; in the hour that spring skips, the hour after.
 * Throws RangeError for an unknown zone or an impossible date.
 */
export function instantOf(
  zone: string,
  year: number,
  month: number,
  day: number,
  hour = 0,
  minute = 0,
  second = 0
): number {
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second)
  const candidates = [asUtc - offsetMs(zone, asUtc - DAY_MS), asUtc - offsetMs(zone, asUtc + DAY_MS)]
  const valid = candidates.filter((instant) => instant + offsetMs(zone, instant) === asUtc)
  return valid.length > 0 ? Math.min(...valid) : Math.max(...candidates)
}

/**
 * The first instant (epoch ms) at which a zone's clocks show a time or a later one: minutes after the midnight that a date
 * (YYYY-MM-DD) begins with, of the days before where negative. Where spring skips the time, the instant of the change; so
 * of two times the later one never comes first. Throws RangeError for an unknown zone.
 */
export function firstInstantAt(zone: string, date: string, minutes: number): number {
  const asUtc = Date.parse(`${date}T00:00:00Z`) + minutes * MINUTE_MS
  const wall = new Date(asUtc)
  const [year, month, day] = [wall.getUTCFullYear(), wall.getUTCMonth() + 1, wall.getUTCDate()]
  const instant = instantOf(zone, year, month, day, wall.getUTCHours(), wall.getUTCMinutes())
  if (instant + offsetMs(zone, instant) === asUtc) return instant
  // The clocks were put forward within the hours before: half by half nearer to the minute of it.
  let [before, after] = [instant - 12 * 60 * MINUTE_MS, instant]
  while (after - before > MINUTE_MS) {
    const middle = before + Math.floor((after - before) / 2 / MINUTE_MS) * MINUTE_MS
    if (offsetMs(zone, middle) === offsetMs(zone, after)) after = middle
    else before = middle
  }
  return after
}

/** How far a zone's clocks are ahead of UTC at an instant, in milliseconds. */
export function offsetMs(zone: string, instant: number): number {
  const steady = steadyOffset(zone, instant)
  if (steady !== undefined) return steady
  const parts = partsOf(zone, instant)
  const wall = Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second)
  return wall - Math.floor(instant / 1000) * 1000
}

/** The calendar date (YYYY-MM-DD) in a time zone at an instant. */
export function dateIn(zone: string, instant: number): string {
  const offset = steadyOffset(zone, instant)
  if (offset !== undefined) return new Date(instant + offset).toISOString().slice(0, 10)
  const { year, month, day } = partsOf(zone, instant)
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}

const WALL_TIME = /^(\d{4})-?(\d{2})-?(\d{2})(?:[T ](\d{2}):?(\d{2})(?::?(\d{2}))?)?$/

/** Reads a wall time without offset (`2023-07-03 19:55:00`, `20230703T191900`) as an instant of the zone; undefined if unreadable. */
export function parseWallTime(zone: string, text: string): number | undefined {
  const match = WALL_TIME.exec(text.trim())
  if (!match) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1).map((part) => Number(part ?? 0))
  return instantOf(zone, year!, month!, day!, hour, minute, second)
}

type Parts = { year: number; month: number; day: number; hour: number; minute: number; second: number }

/** What a wall clock in a time zone shows at an instant. Throws RangeError for an unknown zone or what is no instant. */
export function partsOf(zone: string, instant: number): Parts {
  const offset = steadyOffset(zone, instant)
  if (offset === undefined) return formattedParts(zone, instant)
  const wall = new Date(Math.floor(instant / 1000) * 1000 + offset)
  return {
    year: wall.getUTCFullYear(),
    month: wall.getUTCMonth() + 1,
    day: wall.getUTCDate(),
    hour: wall.getUTCHours(),
    minute: wall.getUTCMinutes(),
    second: wall.getUTCSeconds()
  }
}

/** How far clocks are ahead of UTC all of the UTC day that an instant lies in; undefined where they change on it. */
function steadyOffset(zone: string, instant: number): number | undefined {
  if (!(instant >= FIRST_INSTANT && instant < LAST_INSTANT)) return undefined
  const day = Math.floor(instant / DAY_MS)
  const offset = offsetAsBegins(zone, day)
  return offset === offsetAsBegins(zone, day + 1) ? offset : undefined
}

function offsetAsBegins(zone: string, day: number): number {
  const known = offsets.get(zone)?.get(day)
  if (known !== undefined) return known
  const { year, month, day: date, hour, minute, second } = formattedParts(zone, day * DAY_MS)
  const offset = Date.UTC(year, month - 1, date, hour, minute, second) - day * DAY_MS
  if (++knownDays > MAX_KNOWN_DAYS) {
    offsets.clear()
    knownDays = 1
  }
  const ofZone = offsets.get(zone) ?? new Map<number, number>()
  offsets.set(zone, ofZone.set(day, offset))
  return offset
}

function formattedParts(zone: string, instant: number): Parts {
  let formatter = formatters.get(zone)
  if (!formatter) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric'
    })
    formatters.set(zone, formatter)
  }
  const parts = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 }
  for (const { type, value } of formatter.formatToParts(instant)) {
    if (type in parts) parts[type as keyof typeof parts] = Number(value)
  }
  return parts
}
