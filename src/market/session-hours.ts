import type { Calendar, Hours } from './calendar.ts'

/** Parts of a session's day in their order. */
export const SESSION_PARTS = ['overnight', 'pre', 'regular', 'closingAuction', 'post'] as const
export type SessionPart = (typeof SESSION_PARTS)[number]

/** Opening and end in wall minutes since the midnight that the session's date begins with; negative on the day before. */
type Placed = readonly [open: number, end: number]

const DAY_MINUTES = 1440

/** Where the parts of a session lie: `regular` ends on its date, and the others as near to it as their order allows. */
export function placedHours(hours: Hours): Partial<Record<SessionPart, Placed>> & { regular: Placed } {
  const regularEnd = minutesOf(hours.regular[1])
  const regular: Placed = [lastBefore(minutesOf(hours.regular[0]), regularEnd - 1), regularEnd]
  const before = (span: Hours['pre'], limit: number): Placed | undefined => {
    if (!span) return undefined
    const end = lastBefore(minutesOf(span[1]), limit)
    return [lastBefore(minutesOf(span[0]), end - 1), end]
  }
  const after = (span: Hours['post'], limit: number): Placed | undefined => {
    if (!span) return undefined
    const open = firstAfter(minutesOf(span[0]), limit)
    return [open, firstAfter(minutesOf(span[1]), open + 1)]
  }
  const pre = before(hours.pre, regular[0])
  const overnight = before(hours.overnight, (pre ?? regular)[0])
  const closingAuction = after(hours.closingAuction, regular[1])
  const post = after(hours.post, (closingAuction ?? regular)[1])
  return {
    ...(overnight && { overnight }),
    ...(pre && { pre }),
    regular,
    ...(closingAuction && { closingAuction }),
    ...(post && { post })
  }
}

/**
 * Why a calendar cannot be followed, in words; undefined where each instant has its one session. A session may last a
 * day at most, and the sets of hours must be in order.
 */
export function problemOfHours({ hours, weekdayHours, special }: Calendar): string | undefined {
  const unordered = hours.findIndex(({ from }, index) => index > 0 && from <= hours[index - 1]!.from)
  if (unordered > 0) return `hours.${unordered} must be of a later date than the set before it`
  for (const [index, set] of hours.entries()) {
    const until = hours[index + 1]?.from ?? '9999-12-31'
    const ownSpecial = special
      .filter(({ date }) => set.from <= date && date < until)
      .map((day) => ({ ...day, overnight: day.overnight ?? set.overnight }))
    const byWeekday = Object.values(set.weekdayHours ?? weekdayHours ?? {})
    const ordinary = [set, ...byWeekday]
    const following = hours.slice(index + 1, index + 2)
    if (isTooLong([...ordinary, ...ownSpecial]) || isTooLong([...ordinary, ...following])) {
      return `hours.${index}: parts overlap, or a session begins before the one of the day before has ended`
    }
  }
  return undefined
}

/** Whether sessions of these hours on two days that follow one another could meet. */
function isTooLong(hours: readonly Hours[]): boolean {
  const extents = hours.map(extentOf)
  return Math.max(...extents.map(([, end]) => end)) - Math.min(...extents.map(([open]) => open)) > DAY_MINUTES
}

function extentOf(hours: Hours): Placed {
  const parts = Object.values(placedHours(hours))
  return [Math.min(...parts.map(([open]) => open)), Math.max(...parts.map(([, end]) => end))]
}

function minutesOf(wall: string): number {
  const [hour, minute] = wall.split(':').map(Number) as [number, number]
  return hour * 60 + minute
}

/** The last of the days' same times that is not after a limit. */
function lastBefore(minutes: number, limit: number): number {
  return minutes + Math.floor((limit - minutes) / DAY_MINUTES) * DAY_MINUTES
}

/** The first of the days' same times that is not before a limit. */
function firstAfter(minutes: number, limit: number): number {
  return minutes + Math.ceil((limit - minutes) / DAY_MINUTES) * DAY_MINUTES
}
