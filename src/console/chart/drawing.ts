import { TickMarkType, type Time, type UTCTimestamp } from 'lightweight-charts'
import type { ChartBar } from './bar-book.ts'

const PRICE_DIGITS = { least: 2, most: 4 }
const SMALL_PRICE = 1
const SMALL_PRICE_DIGITS = 6

// Bars in the words of the library, which counts seconds.
export const timeOf = ({ at }: { at: number }): UTCTimestamp => (at / 1000) as UTCTimestamp
export const msOf = (time: Time): number => (time as UTCTimestamp) * 1000
export const candleOf = (bar: ChartBar) => ({
  time: timeOf(bar),
  open: bar.open,
  high: bar.high,
  low: bar.low,
  close: bar.close
})

export function volumeOf(bar: ChartBar, { up, down }: { up: string; down: string }) {
  if (bar.volume === undefined) return { time: timeOf(bar) }
  return { time: timeOf(bar), value: bar.volume, color: bar.close >= bar.open ? up : down }
}

/** Of a line; a bar without a value keeps its place. */
export function pointOf(bar: ChartBar, value: number | undefined) {
  return value === undefined ? { time: timeOf(bar) } : { time: timeOf(bar), value }
}

/** As many digits as the newest prices have; what vendors lose in binary fractions of them counts for nothing. */
export function priceFormatOf(bars: readonly ChartBar[]) {
  const isSmall = (bars.at(-1)?.close ?? SMALL_PRICE) < SMALL_PRICE
  const most = isSmall ? SMALL_PRICE_DIGITS : PRICE_DIGITS.most
  const digits = bars.slice(-50).map(({ close }) => String(Number(close.toFixed(most))).split('.')[1]?.length ?? 0)
  const precision = Math.max(PRICE_DIGITS.least, ...digits)
  return { type: 'price' as const, precision, minMove: 10 ** -precision }
}

/** The library knows no time zones: it is told what to write. Dates of sessions have none. */
export function timeFormatters(timeZone: string, isWithinDay: boolean) {
  const format = (options: Intl.DateTimeFormatOptions) => {
    const formatter = new Intl.DateTimeFormat('en-GB', { ...options, timeZone: isWithinDay ? timeZone : 'UTC' })
    return (time: Time) => formatter.format(msOf(time))
  }
  const minutes = { hour: '2-digit', minute: '2-digit' } as const
  const ofMarks = {
    [TickMarkType.Year]: format({ year: 'numeric' }),
    [TickMarkType.Month]: format({ month: 'short' }),
    [TickMarkType.DayOfMonth]: format({ day: 'numeric' }),
    [TickMarkType.Time]: format(minutes),
    [TickMarkType.TimeWithSeconds]: format({ ...minutes, second: '2-digit' })
  }
  const day = { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' } as const
  return {
    timeFormatter: format({ ...day, ...(isWithinDay && minutes) }),
    tickMarkFormatter: (time: Time, kind: TickMarkType) => ofMarks[kind](time)
  }
}
