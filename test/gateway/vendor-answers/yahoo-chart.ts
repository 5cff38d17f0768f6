import type { BarRequest } from '../../../src/market/bar.ts'
import { barsOf, seconds, SUNDAY, type Answer, type VendorAnswer } from './vendor-answer.ts'

/** A row of a chart: when it begins (an instant, or the number that is told), the four prices, the volume, the adjusted close. */
export type Row = readonly [string | number, ...(number | null)[]]

/** The days of two weeks with Thanksgiving in the second, and half a day after it. */
export const DAYS = ['16', '17', '18', '19', '20', '23', '24', '25', '27'].map((day) => `2026-11-${day}`)
export const TWO_WEEKS = ['2026-11-16', '2026-11-28'] as const
/** The first day of the second week. */
export const SPLIT_AT = 5

/** A session that begins in New York, with prices around its close. */
export function session(
  day: string,
  close: number,
  volume: number | null = 1000,
  adjusted: number | null = close
): Row {
  return [`${day}T14:30:00Z`, close, close * 1.01, close * 0.99, close, volume, adjusted]
}

export const sessions = (closeOf: (place: number) => number) => DAYS.map((day, place) => session(day, closeOf(place)))

export const times = <Item>(count: number, item: Item) => Array.from({ length: count }, () => item)

const COLUMNS = ['open', 'high', 'low', 'close', 'volume'] as const

export function chart(rows: readonly Row[], more: { meta?: object; events?: object } = {}): Record<string, Answer> {
  const meta = { currency: 'USD', instrumentType: 'EQUITY', exchangeTimezoneName: 'America/New_York', ...more.meta }
  const quote = Object.fromEntries(COLUMNS.map((name, place) => [name, rows.map((row) => row[place + 1] ?? null)]))
  const hasAdjusted = rows.some((row) => row.length > 6)
  const result = {
    meta,
    timestamp: rows.map(([begins]) => (typeof begins === 'string' ? seconds(begins) : begins)),
    indicators: { quote: [quote], ...(hasAdjusted && { adjclose: [{ adjclose: rows.map((row) => row[6] ?? null) }] }) },
    ...(more.events && { events: more.events })
  }
  return { '/v8/finance/chart/': { body: { chart: { result: [result], error: null } } } }
}

export const opening = (day: string) => seconds(`${day}T14:30:00Z`)

export const split = (day: string, numerator: number, denominator: number) => ({
  splits: { one: { date: opening(day), numerator, denominator, splitRatio: `${numerator}:${denominator}` } }
})

export const dividends = (...paid: readonly (readonly [day: string, amount: unknown])[]) => ({
  dividends: Object.fromEntries(paid.map(([day, amount], place) => [place, { date: opening(day), amount }]))
})

type More = Partial<VendorAnswer> & {
  symbol?: string
  range?: readonly [string, string]
  request?: Partial<BarRequest>
  meta?: object
  events?: object
}

/** What is made of a chart of two weeks, where nothing else is said. */
export const series = (says: string, rows: readonly Row[], right: object, more: More = {}): VendorAnswer => {
  const { symbol = 'ACME', range = TWO_WEEKS, request, meta, events, ...rest } = more
  const answers = chart(rows, { ...(meta && { meta }), ...(events && { events }) })
  return { says, vendor: 'yahoo', now: SUNDAY, answers, ask: barsOf(symbol, range, request), right, ...rest }
}
