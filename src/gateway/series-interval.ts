import { INTRADAY_LENGTH_MS, type Bar, type Interval } from '../market/bar.ts'
import { DAY_MS, HOUR_MS } from '../market/time.ts'
import { mapping } from '../slices.ts'
import type { VendorSeries } from '../providers/provider.ts'
import type { Doubt } from './quality.ts'

const LENGTH_MS: Record<Interval, number> = {
  ...INTRADAY_LENGTH_MS,
  '1d': DAY_MS,
  '1wk': 7 * DAY_MS,
  // The shortest of them.
  '1mo': 28 * DAY_MS
}
/** A bar may be short where a session ends, or begins at half past. */
const SHORT_BAR = 0.75
/** Of fewer bars a shorter interval does not show. */
const MIN_STEPS = 2
/** Where vendors place the bar of a week: its first day of trade or its last. */
const ENDS_OF_WEEK = [1, 5]
/** Clocks that change make a day longer or shorter. */
const CLOCK_CHANGE_MS = HOUR_MS
const FIRST_DAYS_OF_MONTH = 3
const OF_WEEKS = 'the bars are of 1wk, not of 1d'

/** Longer intervals that a vendor may have answered with, and how many bars keep to their grid by chance no more. */
const LONGER: Record<Interval, readonly (readonly [Interval, number])[]> = {
  '1m': [['5m', 8]],
  '5m': [['15m', 10]],
  '15m': [['30m', 14]],
  '30m': [['1h', 14]],
  '1h': [['1d', 6]],
  '1d': [
    ['1wk', 6],
    ['1mo', 3]
  ],
  '1wk': [['1mo', 3]],
  '1mo': []
}

/**
 * Whether bars (oldest first) are of the interval that was asked for: vendors have answered with shorter and longer ones. Days of
 * a fund that is priced once a week look like weeks, and are in doubt only.
 */
export function* intervalDoubts(
  { interval, kind }: Pick<VendorSeries, 'interval' | 'kind'>,
  bars: readonly Bar[]
): Generator<void, Doubt[]> {
  const doubts = yield* doubtsOf(interval, bars)
  const isWeekly = ({ reason }: Doubt) => interval === '1d' && reason === OF_WEEKS
  return kind === 'fund' && doubts.some(isWeekly) ? [mayBeLonger('1wk', interval)] : doubts
}

function* doubtsOf(interval: Interval, bars: readonly Bar[]): Generator<void, Doubt[]> {
  const starts = yield* mapping(bars, ({ start }) => Date.parse(start))
  const steps = starts.slice(1).map((start, index) => start - starts[index]!)
  if (steps.length < MIN_STEPS) return fewDoubts(interval, starts, steps)
  yield
  const median = steps.toSorted((one, other) => one - other)[Math.floor(steps.length / 2)]!
  yield
  if (median < LENGTH_MS[interval] * SHORT_BAR) return [wrongInterval(`the bars are shorter than ${interval}`)]
  const longer = LONGER[interval].find(([other, count]) => bars.length >= count && areOnGridOf(other, starts, steps))
  if (longer) return [wrongInterval(`the bars are of ${longer[0]}, not of ${interval}`)]
  return fewDoubts(interval, starts, steps)
}

/** Few bars keep to the grid of a longer interval by chance too, unless it is a grid that chance seldom finds. */
function fewDoubts(interval: Interval, starts: readonly number[], steps: readonly number[]): Doubt[] {
  if (steps.length === 0) return []
  if (interval === '1d' && areOnGridOf('1mo', starts, steps)) return [wrongInterval('the bars are of 1mo, not of 1d')]
  if (interval === '1d' && areOnGridOf('1wk', starts, steps)) {
    const isAtEnd = ENDS_OF_WEEK.includes(new Date(starts[0]!).getUTCDay())
    if (isAtEnd && steps.length >= MIN_STEPS) return [wrongInterval(OF_WEEKS)]
    return isAtEnd || steps.length >= MIN_STEPS ? [mayBeLonger('1wk', interval)] : []
  }
  // Months are told as the weeks in which they begin.
  if (interval !== '1wk' || !steps.every((step) => step >= LENGTH_MS['1mo'])) return []
  return steps.length >= MIN_STEPS ? [wrongInterval('the bars are of 1mo, not of 1wk')] : [mayBeLonger('1mo', interval)]
}

function areOnGridOf(interval: Interval, starts: readonly number[], steps: readonly number[]): boolean {
  // What trades once a day does not do so at the same hour each day.
  if (interval === '1d') return starts.every((start, index) => index === 0 || areWholeDays(start - starts[0]!))
  if (interval !== '1mo') return steps.every((step) => step % LENGTH_MS[interval] === 0)
  return (
    steps.every((step) => step >= LENGTH_MS[interval]) &&
    starts.every((start) => new Date(start).getUTCDate() <= FIRST_DAYS_OF_MONTH)
  )
}

function areWholeDays(ms: number): boolean {
  const days = Math.round(ms / DAY_MS)
  return days > 0 && Math.abs(ms - days * DAY_MS) <= CLOCK_CHANGE_MS
}

function mayBeLonger(other: Interval, interval: Interval): Doubt {
  return { rule: 'wrong-interval', severity: 'soft', reason: `the bars may be of ${other}, not of ${interval}` }
}

function wrongInterval(reason: string): Doubt {
  return { rule: 'wrong-interval', severity: 'hard', reason }
}
