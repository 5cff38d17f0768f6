import { Type, type Static } from 'typebox'
import type { InstantNs } from './instant-ns.ts'
import { Next } from './page.ts'
import type { Feed } from './provenance.ts'
import { tickProperties } from './tick.ts'
import { Trade } from './trade.ts'

const { symbol: _, ...place } = tickProperties

/** A report of a feed as it is stored: a trade, or what corrects or cancels one. */
export const StoredTick = Type.Object({
  kind: Type.Enum(['trade', 'correction', 'cancel'], {
    description: 'A correction is a trade that stands for another'
  }),
  ...place,
  asOf: Type.String({
    format: 'date-time',
    description:
      'When it was traded, UTC, with up to nine digits of a second; of a correction, when what it corrects was'
  }),
  price: Type.Optional(Trade.properties.price),
  size: Type.Optional(Trade.properties.size),
  venue: Trade.properties.venue,
  conditions: Trade.properties.conditions,
  tradeId: Trade.properties.tradeId,
  key: Type.String({ description: 'Tells it from all other trades of its symbol and trade date' }),
  replacedBy: Type.Optional(
    Type.Enum(['correction', 'cancel'], { description: 'It counts for nothing: what stands in its place' })
  ),
  correctedAt: Type.Optional(
    Type.String({ format: 'date-time', description: 'Of a correction or cancellation: its own instant, UTC' })
  ),
  replaces: Type.Optional(Type.String({ description: 'The `key` of the trade that it corrects or cancels' })),
  reason: Type.Optional(Type.String({ description: 'Why, as the tape says' }))
})
export type StoredTick = Static<typeof StoredTick>

/** A place in the order of an instrument's ticks. */
export type TickPlace = {
  readonly asOf: InstantNs
  readonly sequence: number
  readonly key: string
  readonly correctedAt?: InstantNs | undefined
}

export type TickRequest = {
  /** Of [from, to). */
  readonly from: InstantNs
  readonly to: InstantNs
  readonly limit: number
  readonly after?: TickPlace | undefined
  /** What was corrected and cancelled too, and what corrected and cancelled it. */
  readonly all: boolean
  /** Of one feed alone, where one is named. */
  readonly feed?: Feed | undefined
  /** Of these vendors alone, where they are named. */
  readonly sources?: readonly string[] | undefined
  /** In the other order, `after` and the page's last place too; oldest first unless told. */
  readonly newestFirst?: boolean | undefined
}

/** In the order that was asked for. */
export type StoredTicks = {
  readonly ticks: readonly StoredTick[]
  /** The place of the last one, where there are more. */
  readonly last?: TickPlace
}

export const TickPage = Type.Object(
  {
    symbol: Type.String({ description: 'Canonical' }),
    next: Next,
    ticks: Type.Array(StoredTick)
  },
  { $id: 'TickPage' }
)

export const LatestTick = Type.Object({ symbol: Type.String(), ...StoredTick.properties }, { $id: 'LatestTick' })
export type LatestTick = Static<typeof LatestTick>
