import { INTRADAY_LENGTH_MS, type Interval } from '../market/bar.ts'
import type { TradeTime } from './bar-trade.ts'

/** The bars that are made; a day's is its regular session. Those within a day begin at multiples of their length, in UTC. */
export const BUILT_INTERVALS = ['1m', '5m', '15m', '1h', '1d'] as const satisfies readonly Interval[]
export type BuiltInterval = (typeof BUILT_INTERVALS)[number]

export const LENGTHS_MS = [
  INTRADAY_LENGTH_MS['1m'],
  INTRADAY_LENGTH_MS['5m'],
  INTRADAY_LENGTH_MS['15m'],
  INTRADAY_LENGTH_MS['1h']
]
/** The index of the daily bars among the intervals. */
export const DAILY = LENGTHS_MS.length

/** Where the bar begins that a trade is of, epoch ms; of a day, days since 1970, or NO_DAY where it is of none. */
export function startOf(level: number, { ms, day }: TradeTime): number {
  return level === DAILY ? day : Math.floor(ms / LENGTHS_MS[level]!) * LENGTHS_MS[level]!
}
