import { Type, type Static } from 'typebox'
import { tickProperties, Venue } from './tick.ts'

/** One execution, as the tape reported it. */
export const Trade = Type.Object(
  {
    ...tickProperties,
    price: Type.Number({ description: 'In `currency`' }),
    size: Type.Number({ description: 'Shares, and parts of shares; coins or contracts where those trade' }),
    currency: Type.Optional(Type.String({ description: 'ISO 4217' })),
    venue: Type.Optional(Venue),
    conditions: Type.Optional(Type.Array(Type.String(), { description: "The tape's condition codes" })),
    tradeId: Type.Optional(
      Type.String({ minLength: 1, description: "The vendor's; unique per symbol, trade date, venue and tape" })
    )
  },
  { $id: 'Trade' }
)
export type Trade = Static<typeof Trade>

/** Names a trade that was reported before, and says what of it is known. */
export const TradeReference = Type.Object({
  ...Type.Pick(Trade, ['tradeDate', 'venue', 'tape', 'tradeId', 'fence']).properties,
  sequence: Type.Optional(Trade.properties.sequence),
  asOf: Type.Optional(Trade.properties.asOf),
  price: Type.Optional(Trade.properties.price),
  size: Type.Optional(Trade.properties.size)
})
export type TradeReference = Static<typeof TradeReference>

/** A trade that stands in the place of another. `asOf` is the instant of the correction; all else is as it is now right. */
export const TradeCorrection = Type.Object(
  { ...Trade.properties, replaces: TradeReference, reason: Type.Optional(Type.String()) },
  { $id: 'TradeCorrection' }
)
export type TradeCorrection = Static<typeof TradeCorrection>

/** A trade that did not happen. `asOf` is the instant of the cancellation. */
export const TradeCancel = Type.Object(
  {
    ...tickProperties,
    replaces: TradeReference,
    reason: Type.Optional(Type.String({ description: 'As the tape says', examples: ['cancel', 'error'] }))
  },
  { $id: 'TradeCancel' }
)
export type TradeCancel = Static<typeof TradeCancel>
