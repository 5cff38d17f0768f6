import { create, fromJson, toBinary, type JsonObject, type MessageInitShape } from '@bufbuild/protobuf'
import { CALENDARS } from '../../../src/market/calendars.ts'
import { SessionClock } from '../../../src/market/session-clock.ts'
import type { Arrival } from '../../../src/streams/mapper.ts'
import { placeReader } from '../../../src/streams/tick-place.ts'
import type { InstrumentKeys } from '../../../src/streams/upstox/keys.ts'
import { UpstoxInstruments, upstoxMapper } from '../../../src/streams/upstox/mapper.ts'
import {
  FeedResponseSchema,
  RequestMode,
  type FeedSchema
} from '../../../src/streams/upstox/wire/market-data-feed_pb.js'

export type FeedInit = MessageInitShape<typeof FeedSchema>

/** A Monday, in regular hours of Mumbai. */
export const NOON = Date.parse('2026-11-30T06:30:00.000Z')

export const placeOf = placeReader(new SessionClock(CALENDARS).hoursOf)

const NAMES: readonly (readonly [symbol: string, key: string])[] = [
  ['NSE:RELIANCE', 'NSE_EQ|INE002A01018'],
  ['NSE:ICICIBANK', 'NSE_EQ|INE090A01021'],
  ['^NSEI', 'NSE_INDEX|Nifty 50']
]
const keyBySymbol = new Map(NAMES)
const symbolByKey = new Map(NAMES.map(([symbol, key]) => [key, symbol]))

export const RELIANCE = keyBySymbol.get('NSE:RELIANCE')!
export const NIFTY = keyBySymbol.get('^NSEI')!

export const keys: InstrumentKeys = {
  keyOf: (symbol) => keyBySymbol.get(symbol),
  symbolOf: (key) => symbolByKey.get(key)
}

export function frame(init: MessageInitShape<typeof FeedResponseSchema>): Uint8Array {
  return toBinary(FeedResponseSchema, create(FeedResponseSchema, { currentTs: BigInt(NOON), ...init }))
}

/** A frame of what protobuf prints as JSON, in which numbers can stand for the names of enumerations. */
export function printed(told: JsonObject): Uint8Array {
  return toBinary(FeedResponseSchema, fromJson(FeedResponseSchema, told))
}

/** Numbers ticks from 1. */
export function arrival(receivedAt = NOON): Arrival {
  let sequence = 0
  return { receivedAt, fence: 7, nextSequence: () => ++sequence }
}

export function mapper() {
  const map = upstoxMapper({ feed: 'consolidated', placeOf, keys }, new UpstoxInstruments())
  return (bytes: Uint8Array | string, receivedAt?: number) => map(bytes, arrival(receivedAt))
}

type Market = Extract<NonNullable<FullFeedInit['FullFeedUnion']>, { case: 'marketFF' }>['value']
type FullFeedInit = Extract<NonNullable<FeedInit['FeedUnion']>, { case: 'fullFeed' }>['value']

/** A share in the mode `full`. */
export const share = (value: Market): FeedInit => ({
  requestMode: RequestMode.full_d5,
  FeedUnion: { case: 'fullFeed', value: { FullFeedUnion: { case: 'marketFF', value } } }
})

export const ltpc = (ltp: number, secondsAgo: number, ltq: number, cp = 1300) => ({
  ltp,
  ltt: BigInt(NOON - secondsAgo * 1000),
  ltq: BigInt(ltq),
  cp
})
