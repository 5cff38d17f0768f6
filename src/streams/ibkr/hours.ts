import type { ListedHours } from '../../market/listed-hours.ts'
import type { TradingDay } from '../../market/market-status.ts'
import { isoOf } from '../../market/time.ts'
import { dateIn, instantOf } from '../../market/zoned-time.ts'

const SOURCE = 'ibkr'

/** Epoch milliseconds. */
type Span = { readonly open: number; readonly close: number }
type ListedSpans = { readonly spans: readonly Span[]; readonly closed: readonly string[] }

/** TWS's own names of zones, where others mean something else by them. Behind a space it explains them. */
const ZONES: Readonly<Record<string, string>> = {
  EST: 'America/New_York',
  CST: 'America/Chicago',
  MET: 'Europe/Berlin',
  JST: 'Asia/Tokyo'
}
const DAY = /^(\d{4})(\d{2})(\d{2}):(.+)$/
/** `0930-1600`, or with the day of its end `0930-20260406:1600`. */
const SPAN = /^(\d{2})(\d{2})-(?:(\d{4})(\d{2})(\d{2}):)?(\d{2})(\d{2})$/
/** TWS tells some five days. */
const MAX_DAYS = 60

/**
 * The hours that TWS tells of a contract: when it trades (`20260406:0400-20260406:2000;20260407:CLOSED`), and when it is liquid,
 * which is the regular session. What trades before and after it without a break is the pre and the post session. Undefined where
 * the zone is not known, or no day can be read.
 */
export function listedHoursOf(timeZoneId: string, tradingHours: string, liquidHours: string): ListedHours | undefined {
  const timeZone = zoneOf(timeZoneId)
  if (timeZone === undefined) return undefined
  const trading = read(tradingHours, timeZone)
  const liquid = read(liquidHours, timeZone)
  const byDate = Map.groupBy(liquid.spans, ({ close }) => dateIn(timeZone, close - 1))
  const sessions = [...byDate]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([date, spans]) => sessionOf(date, spans, trading.spans))
  const closed = liquid.closed.filter((date) => !byDate.has(date))
  return sessions.length + closed.length === 0 ? undefined : { source: SOURCE, timeZone, sessions, closed }
}

/** A session with a break at noon lasts from its first part to its last one. */
function sessionOf(date: string, liquid: readonly Span[], trading: readonly Span[]): TradingDay {
  const regular = {
    open: Math.min(...liquid.map(({ open }) => open)),
    close: Math.max(...liquid.map(({ close }) => close))
  }
  const before = trading.find(({ open, close }) => open < regular.open && regular.open <= close)
  const after = trading.find(({ open, close }) => open <= regular.close && regular.close < close)
  return {
    date,
    ...(before && { pre: told({ open: before.open, close: regular.open }) }),
    regular: told(regular),
    ...(after && { post: told({ open: regular.close, close: after.close }) })
  }
}

const told = ({ open, close }: Span) => ({ open: isoOf(open), close: isoOf(close) })

function zoneOf(timeZoneId: string): string | undefined {
  const [name = ''] = timeZoneId.split(' ')
  try {
    const timeZone = ZONES[name] ?? name
    return timeZone === '' ? undefined : new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone
  } catch {
    return undefined
  }
}

/** What cannot be read is left out. */
function read(text: string, timeZone: string): ListedSpans {
  const days = text.split(';').slice(0, MAX_DAYS)
  const spans: Span[] = []
  const closed: string[] = []
  for (const day of days) {
    const [, year = '', month = '', date = '', hours = ''] = DAY.exec(day) ?? []
    if (hours === 'CLOSED') closed.push(`${year}-${month}-${date}`)
    else if (hours !== '') {
      spans.push(...hours.split(',').flatMap((part) => spanOf(timeZone, [+year, +month, +date], part) ?? []))
    }
  }
  return { spans, closed }
}

function spanOf(timeZone: string, day: readonly [number, number, number], text: string): Span | undefined {
  const parts = SPAN.exec(text)
  if (!parts) return undefined
  const [hour, minute, year, month, date, endHour, endMinute] = parts.slice(1).map(Number) as [number, ...number[]]
  const endDay = parts[3] === undefined ? day : ([year!, month!, date!] as const)
  try {
    const span = {
      open: instantOf(timeZone, ...day, hour, minute),
      close: instantOf(timeZone, ...endDay, endHour, endMinute)
    }
    return span.open < span.close ? span : undefined
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
