import { dateOfDay, dayOfDate } from './calendar.ts'
import type { Exchange } from './exchange.ts'
import type { Instrument } from './universe/instrument.ts'

/** No exchange rests longer than so many days. */
const LONGEST_REST_DAYS = 10

/**
 * What a price of a date is multiplied by for the dividends that went ex after it, as known at an instant: for each,
 * one less its amount as a share of the close before.
 */
export function createDividendAdjustment(exchange: Exchange, instrument: Instrument, at: number) {
  const dividends = exchange.dividends(instrument, at)
  const factors: number[] = []
  let factor = 1
  for (let index = dividends.length - 1; index >= 0; index--) {
    const { exDate, amount } = dividends[index]!
    const day = dayOfDate(exDate)
    const before = exchange.dailyBars(instrument, dateOfDay(day - LONGEST_REST_DAYS), dateOfDay(day - 1), at).at(-1)
    if (before) factor *= 1 - amount / (before.close / before.splitFactor)
    factors[index] = factor
  }
  return (date: string): number => factors[dividends.findIndex(({ exDate }) => exDate > date)] ?? 1
}
