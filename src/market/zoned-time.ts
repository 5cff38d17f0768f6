const formatters = new Map<string, Intl.DateTimeFormat>()

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
  const candidates = [asUtc - offsetMs(zone, asUtc - 86_400_000), asUtc - offsetMs(zone, asUtc + 86_400_000)]
  const valid = candidates.filter((instant) => instant + offsetMs(zone, instant) === asUtc)
  return valid.length > 0 ? Math.min(...valid) : Math.max(...candidates)
}

/** How far a zone's clocks are ahead of UTC at an instant, in milliseconds. */
export function offsetMs(zone: string, instant: number): number {
  const parts = partsOf(zone, instant)
  const wall = Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second)
  return wall - Math.floor(instant / 1000) * 1000
}

/** The calendar date (YYYY-MM-DD) in a time zone at an instant. */
export function dateIn(zone: string, instant: number): string {
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

export function partsOf(zone: string, instant: number) {
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
