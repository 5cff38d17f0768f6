import { exchangeOfListing } from './exchange.ts'
import { MarketHours, type HoursOf } from './market-hours.ts'

/** No stock exchange trades at night by its own clock: the longest day, in Germany, ends at 22:00. */
const DAY: [string, string] = ['06:00', '23:00']
const MONDAY_TO_FRIDAY = [1, 2, 3, 4, 5]
/** Where Sunday is, or has lately been, a day of trade. */
const SUNDAY_TO_FRIDAY = [0, ...MONDAY_TO_FRIDAY]
const WITH_SUNDAY: ReadonlySet<string> = new Set(['IL', 'SA', 'QA', 'KW', 'EG'])
/** Exchanges of futures, which trade around the clock between two weekends. */
const AROUND_THE_CLOCK: ReadonlySet<string> = new Set(['XCME', 'XCBT', 'XCEC', 'XNYM', 'IFUS'])
/** Currencies trade from the first opening of the week to its last close, and so longer than any future. */
const ALL_WEEK = 'EURUSD=X'

const INDEX_ZONES: Readonly<Record<string, string>> = {
  '^GDAXI': 'Europe/Berlin',
  '^FCHI': 'Europe/Paris',
  '^STOXX50E': 'Europe/Berlin',
  '^N225': 'Asia/Tokyo',
  '^HSI': 'Asia/Hong_Kong',
  '^KS11': 'Asia/Seoul',
  '^STI': 'Asia/Singapore',
  '^TWII': 'Asia/Taipei',
  '^AXJO': 'Australia/Sydney'
}

const days = new Map<string, MarketHours>()

/**
 * The hours of a symbol's market; where its calendar is not known, the widest that they can be: outside of these nothing
 * trades, within them something may. Holidays are not known then.
 */
export function widestHoursOf(symbol: string, hoursOf: HoursOf): MarketHours | undefined {
  const known = hoursOf(symbol)
  if (known) return known
  const zone = INDEX_ZONES[symbol]
  if (zone !== undefined) return dayIn(zone, MONDAY_TO_FRIDAY)
  const { mic, timeZone, country } = exchangeOfListing(symbol) ?? {}
  if (symbol.endsWith('=F') || (mic !== undefined && AROUND_THE_CLOCK.has(mic))) return hoursOf(ALL_WEEK)
  if (mic === undefined || timeZone === undefined) return undefined
  return dayIn(timeZone, WITH_SUNDAY.has(country ?? '') ? SUNDAY_TO_FRIDAY : MONDAY_TO_FRIDAY)
}

function dayIn(timeZone: string, weekdays: readonly number[]): MarketHours {
  const key = `${timeZone} ${weekdays.length}`
  let hours = days.get(key)
  if (!hours) {
    const ordinary = { from: '1900-01-01', regular: DAY }
    const calendar = {
      exchange: key,
      name: key,
      timeZone,
      weekdays: [...weekdays],
      hours: [ordinary],
      closed: [],
      special: []
    }
    days.set(key, (hours = new MarketHours(calendar)))
  }
  return hours
}
