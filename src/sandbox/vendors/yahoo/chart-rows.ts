import { dateIn } from '../../../market/zoned-time.ts'
import { dateOfDay, dayOfDate, type TradingCalendar } from '../../calendar.ts'
import { createDividendAdjustment } from '../../dividend-adjustment.ts'
import type { TradedBar } from '../../quotes.ts'
import type { Instrument } from '../../universe/instrument.ts'
import type { MarketView, VendorRequest } from '../vendor.ts'
import { hasExtendedHours } from './quote-row.ts'

/** Epoch milliseconds, `to` exclusive. */
export type TimeSpan = { readonly from: number; readonly to: number }
export type ChartUnit = 'day' | 'week' | 'month'

/** A row of the chart, at epoch seconds; without a bar it is null in every member. */
export type ChartRow = {
  readonly time: number
  readonly bar: TradedBar | undefined
  /** The close adjusted for splits and dividends. */
  readonly adjusted: number
}

export function intradayRows(
  { query, at }: VendorRequest,
  market: MarketView,
  instrument: Instrument,
  span: TimeSpan,
  stepMinutes: number
): ChartRow[] {
  const extendedHours = query.get('includePrePost') === 'true' && hasExtendedHours(instrument)
  const bars = market.intradayBars(instrument, { stepMinutes, ...span, extendedHours }, at)
  return bars.map((bar) => ({ time: bar.start / 1000, bar, adjusted: bar.close / bar.splitFactor }))
}

export function longRows(
  market: MarketView,
  instrument: Instrument,
  span: TimeSpan,
  unit: ChartUnit,
  at: number
): ChartRow[] {
  const calendar = market.calendar(instrument)
  const { timeZone } = calendar
  const [first, last] = [dateIn(timeZone, span.from), dateIn(timeZone, Math.min(span.to, at + 1) - 1)]
  const bars = market
    .dailyBars(instrument, beginningOf(unit, first), last, at)
    .filter(({ session }) => unit !== 'day' || (session.open >= span.from && session.open < span.to))
  const adjustment = createDividendAdjustment(market, instrument, at)
  const rows = [...Map.groupBy(bars, ({ session }) => beginningOf(unit, session.date))].map(([beginning, group]) => {
    const { session, close, splitFactor } = group.at(-1)!
    return {
      time: unit === 'day' ? timeOf(calendar, group[0]!, at) : calendar.instantOn(beginning, 0) / 1000,
      bar: group.reduce(merged),
      adjusted: (close / splitFactor) * adjustment(session.date)
    }
  })
  return unit === 'day' ? [...rows, ...holidayRows(calendar, bars)].sort((a, b) => a.time - b.time) : rows
}

/** Yahoo keeps a row for a holiday, with null in every member. */
function holidayRows(calendar: TradingCalendar, bars: readonly TradedBar[]): ChartRow[] {
  const [first, last] = [bars[0], bars.at(-1)]
  if (!first || !last) return []
  return calendar.holidaysBetween(first.session.date, last.session.date).map((date) => ({
    time: calendar.instantOn(date, calendar.opensAtMinute) / 1000,
    bar: undefined,
    adjusted: 0
  }))
}

function beginningOf(unit: ChartUnit, date: string): string {
  if (unit === 'month') return `${date.slice(0, 7)}-01`
  const day = dayOfDate(date)
  // 1970-01-01 was a Thursday: weeks begin on Monday.
  return unit === 'week' ? dateOfDay(day - ((day + 3) % 7)) : date
}

/** The bar of a running session carries the time of its newest trade, while that is on the session's date. */
function timeOf(calendar: TradingCalendar, { session }: TradedBar, at: number): number {
  const running = at < session.close && dateIn(calendar.timeZone, at) === session.date
  return Math.floor((running ? at : session.open) / 1000)
}

function merged(first: TradedBar, next: TradedBar): TradedBar {
  const scale = first.splitFactor / next.splitFactor
  return {
    ...first,
    high: Math.max(first.high, next.high * scale),
    low: Math.min(first.low, next.low * scale),
    close: next.close * scale,
    volume: first.volume + next.volume / scale
  }
}
