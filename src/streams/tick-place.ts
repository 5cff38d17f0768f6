import type { HoursOf } from '../market/market-hours.ts'
import type { SessionPhase } from '../market/session.ts'
import type { Trade } from '../market/trade.ts'
import { isoOf } from '../market/time.ts'

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

/** Reads places from the calendars. Of a symbol whose calendar is not known the date is that of UTC. */
export function placeReader(hoursOf: HoursOf): PlaceOf {
  return (symbol, instantMs) => {
    const status = hoursOf(symbol)?.status(instantMs)
    if (!status) return { tradeDate: isoOf(instantMs).slice(0, 10), session: undefined }
    return { tradeDate: status.tradeDate, session: SESSION_OF_PHASE[status.phase] }
  }
}
