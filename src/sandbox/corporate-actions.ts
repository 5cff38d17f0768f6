import type { Split } from '../market/corporate-action.ts'
import { DAY_MS } from '../market/time.ts'
import { dateOfDay, type TradingCalendar } from './calendar.ts'
import { integerBetween, keyOf, pick } from './noise.ts'
import type { Instrument } from './universe/instrument.ts'
import { SPLITS } from './universe/splits.ts'

const FIRST_DIVIDEND_YEAR = 2012
/** The listed yield is that of this year; amounts grow by so much from year to year. */
const YIELD_YEAR = 2026
const DIVIDEND_GROWTH = 1.05
const PAYMENT_DELAY_DAYS = 21

/** All dates are YYYY-MM-DD; amounts are in price units (pence in London), divided by the splits that came later. */
export type SimulatedDividend = {
  readonly exDate: string
  readonly declarationDate: string
  readonly recordDate: string
  readonly payDate: string
  readonly amount: number
}

/** Splits that took effect by a date, oldest first. */
export function splitsUntil({ symbol }: Instrument, date: string): readonly Split[] {
  return (SPLITS.get(symbol) ?? []).filter(({ exDate }) => exDate <= date)
}

/** New shares by now for one share of a date: what a price of that date is divided by to compare it with today's. */
export function splitFactorAfter({ symbol }: Instrument, date: string): number {
  let factor = 1
  for (const { exDate, ratio } of SPLITS.get(symbol) ?? []) if (exDate > date) factor *= ratio
  return factor
}

/** Quarterly cash dividends that went ex by a date, oldest first. */
export function dividendsUntil(instrument: Instrument, calendar: TradingCalendar, date: string): SimulatedDividend[] {
  if (!instrument.dividendYieldPercent) return []
  const key = keyOf(0, `dividend ${instrument.symbol}`)
  const firstMonth = pick([1, 2, 3], key, 1)
  const dayOfMonth = integerBetween(3, 24, key, 2)
  const paid: SimulatedDividend[] = []
  for (let year = FIRST_DIVIDEND_YEAR; year <= Number(date.slice(0, 4)); year++) {
    for (let month = firstMonth; month <= 12; month += 3) {
      const planned = `${year}-${String(month).padStart(2, '0')}-${String(dayOfMonth).padStart(2, '0')}`
      const { date: exDate } = calendar.sessionOnOrAfter(planned)
      if (exDate > date) return paid
      paid.push(dividendOn(instrument, exDate, year))
    }
  }
  return paid
}

function dividendOn({ level, dividendYieldPercent = 0 }: Instrument, exDate: string, year: number): SimulatedDividend {
  const exDay = Date.parse(exDate) / DAY_MS
  const amount = ((level * dividendYieldPercent) / 100 / 4) * DIVIDEND_GROWTH ** (year - YIELD_YEAR)
  return {
    exDate,
    declarationDate: dateOfDay(exDay - PAYMENT_DELAY_DAYS),
    recordDate: exDate,
    payDate: dateOfDay(exDay + PAYMENT_DELAY_DAYS),
    amount: Math.max(1, Math.round(amount * 1000)) / 1000
  }
}
