import { INTRADAY_LENGTH_MS, type Bar, type Interval } from '../market/bar.ts'
import { mapping } from '../slices.ts'
import type { Doubt } from './quality.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const LENGTH_MS: Record<Interval, number> = {
  ...INTRADAY_LENGTH_MS,
  '1d': DAY_MS,
  '1wk': 7 * DAY_MS,
  // The shortest of them.
  '1mo': 28 * DAY_MS
}
/** A bar may be short where a session ends, or begins at half past. */
const SHORT_BAR = 0.75
const MIN_STEPS = 2
/** Clocks that change make a day shorter. */
const SHORTEST_DAY_MS = 20 * HOUR_MS
const FIRST_DAYS_OF_MONTH = 3

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

/** Whether bars (oldest first) are of the interval that was asked for: vendors have answered with shorter and longer ones. */
export function* intervalDoubts(interval: Interval, bars: readonly Bar[]): Generator<void, Doubt[]> {
  const starts = yield* mapping(bars, ({ start }) => Date.parse(start))
  const steps = starts.slice(1).map((start, index) => start - starts[index]!)
  if (steps.length < MIN_STEPS) return []
  yield
  const median = steps.toSorted((one, other) => one - other)[Math.floor(steps.length / 2)]!
  yield
  if (median < LENGTH_MS[interval] * SHORT_BAR) return [wrongInterval(`the bars are shorter than ${interval}`)]
  const longer = LONGER[interval].find(([other, count]) => bars.length >= count && areOnGridOf(other, starts, steps))
  return longer ? [wrongInterval(`the bars are of ${longer[0]}, not of ${interval}`)] : []
}

function areOnGridOf(interval: Interval, starts: readonly number[], steps: readonly number[]): boolean {
  if (interval === '1d') return steps.every((step) => step >= SHORTEST_DAY_MS)
  if (interval !== '1mo') return steps.every((step) => step % LENGTH_MS[interval] === 0)
  return (
    steps.every((step) => step >= LENGTH_MS[interval]) &&
    starts.every((start) => new Date(start).getUTCDate() <= FIRST_DAYS_OF_MONTH)
  )
}

function wrongInterval(reason: string): Doubt {
  return { rule: 'wrong-interval', severity: 'hard', reason }
}
