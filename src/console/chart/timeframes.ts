import type { Interval } from '../../client/client.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../market/time.ts'

/** How long the bars of a chart are, and how much of them is asked for at once. */
export type Timeframe = {
  readonly label: string
  readonly name: string
  readonly interval: Interval
  /** Of a bar; undefined where bars are of sessions. */
  readonly lengthMs: number | undefined
  /** What is shown first. */
  readonly range: '1d' | '5d' | '1mo' | '3mo' | '1y' | '5y'
  /** What is asked for behind it, whenever somebody scrolls there. */
  readonly pageMs: number
}

export const TIMEFRAMES: readonly Timeframe[] = [
  { label: '1m', name: 'One minute', interval: '1m', lengthMs: MINUTE_MS, range: '1d', pageMs: 3 * DAY_MS },
  { label: '5m', name: 'Five minutes', interval: '5m', lengthMs: 5 * MINUTE_MS, range: '5d', pageMs: 10 * DAY_MS },
  { label: '15m', name: '15 minutes', interval: '15m', lengthMs: 15 * MINUTE_MS, range: '1mo', pageMs: 30 * DAY_MS },
  { label: '1h', name: 'One hour', interval: '1h', lengthMs: HOUR_MS, range: '3mo', pageMs: 90 * DAY_MS },
  { label: '1d', name: 'One day', interval: '1d', lengthMs: undefined, range: '1y', pageMs: 2 * 365 * DAY_MS },
  { label: '1w', name: 'One week', interval: '1wk', lengthMs: undefined, range: '5y', pageMs: 10 * 365 * DAY_MS }
]

/** The timeframe of a label; the first one where there is no such. */
export const timeframeOf = (label: string | null): Timeframe =>
  TIMEFRAMES.find((each) => each.label === label) ?? TIMEFRAMES[0]!
