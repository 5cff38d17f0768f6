import type { Feed as MarketFeed } from '../../market/provenance.ts'
import type { Codec } from '../codec.ts'
import type { Arrival } from '../mapper.ts'
import type { MomentReader } from '../moment.ts'
import type { PlaceOf } from '../tick-place.ts'
import type { AlpacaMarket } from './endpoints.ts'

export const SOURCE = 'alpaca'

export type AlpacaMapperOptions = {
  readonly market: AlpacaMarket
  readonly feed: MarketFeed
  readonly codec: Codec
  readonly placeOf: PlaceOf
}

/** What a message is read with. */
export type Context = AlpacaMapperOptions & {
  readonly arrival: Arrival
  readonly moments: MomentReader
  /** `arrival.receivedAt` as ISO text. */
  readonly receivedAt: string
}
