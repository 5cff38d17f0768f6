import { CALENDARS } from '../../../src/market/calendars.ts'
import { SessionClock } from '../../../src/market/session-clock.ts'
import type { Arrival, Mapper } from '../../../src/streams/mapper.ts'
import { massiveMapper } from '../../../src/streams/massive/mapper.ts'
import type { MassiveMarket } from '../../../src/streams/massive/symbols.ts'
import type { MassiveMapperOptions } from '../../../src/streams/massive/tick.ts'
import { placeReader } from '../../../src/streams/tick-place.ts'

/** A Monday, in regular hours of New York. */
export const NOON = Date.parse('2026-11-30T17:00:00Z')

export const placeOf = placeReader(new SessionClock(CALENDARS).hoursOf)

const mappers = new Map<string, Mapper>()

/** What a frame of a market comes to that arrives at `NOON`; messages are sent as a text, which may be broken, or encoded. */
export function mapped(market: MassiveMarket, messages: unknown, feed: MassiveMapperOptions['feed'] = 'consolidated') {
  const text = typeof messages === 'string' ? messages : JSON.stringify(messages)
  const mapper = mappers.get(`${market} ${feed}`) ?? massiveMapper({ market, feed, placeOf })
  mappers.set(`${market} ${feed}`, mapper)
  return mapper(text, arrival())
}

/** Numbers ticks from 1. */
export function arrival(): Arrival {
  let sequence = 0
  return { receivedAt: NOON, fence: 7, nextSequence: () => ++sequence }
}
