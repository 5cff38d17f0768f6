import { formatInstantNs, type InstantNs } from '../src/market/instant-ns.ts'
import { DAY_MS, isoOf, LAST_DATE_MS } from '../src/market/time.ts'
import { NS_PER_MICROSECOND, nsOf } from './tick-writes.ts'

/** No session's date is further from its trades: overnight trades before the longest holidays. */
const MAX_TRADE_DATE_DISTANCE_MS = 10 * DAY_MS

/** An instant in the row of a tick: microseconds since 1970, and the nanoseconds below. */
export function instantOf(micros: number, ns: number): InstantNs {
  const ms = Math.floor(micros / 1000)
  return { ms, ns: (micros - ms * 1000) * NS_PER_MICROSECOND + ns }
}

/** The microsecond that an instant lies in. */
export const microsecondOf = ({ ms, ns }: InstantNs): InstantNs => ({ ms, ns: ns - nsOf({ ms, ns }) })

/** The same as text. */
export const microsOf = (instant: InstantNs): string => formatInstantNs(microsecondOf(instant))

/** The first (-1) or the last (1) trade date that ticks of an instant can have. */
export const tradeDateBound = ({ ms }: InstantNs, side: 1 | -1): string =>
  isoOf(Math.min(ms + side * MAX_TRADE_DATE_DISTANCE_MS, LAST_DATE_MS)).slice(0, 10)
