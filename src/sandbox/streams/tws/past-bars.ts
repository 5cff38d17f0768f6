import { DAY_MS, isoOf, SECOND_MS } from '../../../market/time.ts'
import type { Exchange } from '../../exchange.ts'
import type { Instrument } from '../../universe/instrument.ts'

/** Where version 187 has them in a request for bars. */
const END_AT = 15
const SIZE_AT = 16
const DURATION_AT = 17
const LENGTHS: Readonly<Record<string, number>> = { S: SECOND_MS, D: DAY_MS }

type BarRequest = { readonly from: number; readonly to: number; readonly isDaily: boolean }

/** Undefined for what TWS would not understand. */
export function barRequestIn(fields: readonly string[]): BarRequest | undefined {
  const [, year, month, day, time] = /^(\d{4})(\d\d)(\d\d)-(\d\d:\d\d:\d\d)$/.exec(fields[END_AT] ?? '') ?? []
  const [, count, unit = ''] = /^(\d+) ([SD])$/.exec(fields[DURATION_AT] ?? '') ?? []
  const size = fields[SIZE_AT]
  const lengthMs = LENGTHS[unit]
  if (year === undefined || lengthMs === undefined || (size !== '1 min' && size !== '1 day')) return undefined
  const to = Date.parse(`${year}-${month}-${day}T${time}Z`)
  return { from: to - Number(count) * lengthMs, to, isDaily: size === '1 day' }
}

/** Each as fields: when it begins, its prices, volume, mean price and number of trades. */
export function barsOf(exchange: Exchange, instrument: Instrument, { from, to, isDaily }: BarRequest) {
  const bars = isDaily
    ? exchange.dailyBars(instrument, isoOf(from).slice(0, 10), isoOf(to - 1).slice(0, 10))
    : exchange.intradayBars(instrument, { stepMinutes: 1, from, to, extendedHours: true })
  return bars.map(({ start, session, open, high, low, close, volume }) => {
    const begins = isDaily ? session.date.replaceAll('-', '') : Math.floor(start / SECOND_MS)
    return [begins, open, high, low, close, volume, (high + low) / 2, 1]
  })
}
