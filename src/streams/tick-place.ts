import type { HoursOf } from '../market/market-hours.ts'
import type { SessionPhase } from '../market/session.ts'
import type { Trade } from '../market/trade.ts'
import { isoOf, MINUTE_MS } from '../market/time.ts'

/** Where in a session's day a tick stands. */
export type TickPlace = { readonly tradeDate: string; readonly session: Trade['session'] }

export type PlaceOf = (symbol: string, instantMs: number) => TickPlace

const SESSION_OF_PHASE: Readonly<Record<SessionPhase, Trade['session']>> = {
  pre: 'pre',
  continuous: 'regular',
  closing_auction: 'regular',
  post: 'post',
  overnight: 'overnight',
  closed: undefined
}

/** As many as all US shares and their options of a few days; of more, all are read anew. */
const MAX_SYMBOLS = 200_000

type Known = { readonly place: TickPlace; readonly from: number; readonly until: number }

/**
 * Reads places from the calendars. Of a symbol whose calendar is not known the date is that of UTC. What was read holds for
 * the minute: calendars can be replaced.
 */
export function placeReader(hoursOf: HoursOf): PlaceOf {
  const known = new Map<string, Known>()
  return (symbol, instantMs) => {
    const last = known.get(symbol)
    if (last && last.from <= instantMs && instantMs < last.until) return last.place
    const next = placeFrom(hoursOf, symbol, instantMs)
    if (known.size >= MAX_SYMBOLS) known.clear()
    known.set(symbol, next)
    return next.place
  }
}

function placeFrom(hoursOf: HoursOf, symbol: string, instantMs: number): Known {
  const minute = Math.floor(instantMs / MINUTE_MS) * MINUTE_MS
  const status = hoursOf(symbol)?.status(instantMs)
  if (!status) {
    const place = { tradeDate: isoOf(instantMs).slice(0, 10), session: undefined }
    return { place, from: minute, until: minute + MINUTE_MS }
  }
  return {
    place: { tradeDate: status.tradeDate, session: SESSION_OF_PHASE[status.phase] },
    from: Math.max(minute, status.lastChange),
    until: Math.min(minute + MINUTE_MS, status.nextChange)
  }
}
