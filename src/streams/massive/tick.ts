import type { Feed } from '../../market/provenance.ts'
import { formatInstantNs } from '../../market/instant-ns.ts'
import type { Trade } from '../../market/trade.ts'
import type { Arrival } from '../mapper.ts'
import type { PlaceOf } from '../tick-place.ts'
import { tapeOf } from './codes.ts'
import { instantOf, type WireInstant } from './instant.ts'
import type { MassiveMarket } from './symbols.ts'

/** Provenance of everything that comes from here. */
export const SOURCE = 'massive'

export type MassiveMapperOptions = {
  readonly market: MassiveMarket
  readonly feed: Feed
  readonly placeOf: PlaceOf
}

/** What a message is read with. */
export type Context = MassiveMapperOptions & {
  readonly arrival: Arrival
  /** `arrival.receivedAt` as ISO text. */
  readonly receivedAt: string
}

/** What every tick says of itself. */
export type Tick = Pick<
  Trade,
  'symbol' | 'asOf' | 'sequence' | 'fence' | 'tradeDate' | 'session' | 'tape' | 'source' | 'feed' | 'receivedAt'
>

type Ticked = { readonly t: WireInstant; readonly q?: number | undefined; readonly z?: number | undefined }

/** Coins are not numbered by the vendor, so their order is that of their arrival. Throws FieldError. */
export function tickOf(symbol: string, { t, q, z }: Ticked, { feed, placeOf, arrival, receivedAt }: Context): Tick {
  const instant = instantOf('t', t, arrival.receivedAt)
  const { tradeDate, session } = placeOf(symbol, instant.ms)
  const tape = tapeOf(z)
  const tick: Tick = {
    symbol,
    asOf: formatInstantNs(instant),
    sequence: q ?? arrival.nextSequence(),
    tradeDate,
    source: SOURCE,
    feed,
    receivedAt
  }
  if (q === undefined) tick.fence = arrival.fence
  if (session !== undefined) tick.session = session
  if (tape !== undefined) tick.tape = tape
  return tick
}
