import { Type, type Static } from 'typebox'
import { Feed } from './provenance.ts'

/** One execution, as the tape reported it. */
export const Trade = Type.Object(
  {
    symbol: Type.String(),
    price: Type.Number({ description: 'In `currency`' }),
    size: Type.Number({ description: 'Shares; coins or contracts where those trade' }),
    currency: Type.Optional(Type.String({ description: 'ISO 4217' })),
    exchange: Type.Optional(Type.String({ description: "The venue's code, as the vendor writes it" })),
    conditions: Type.Optional(Type.Array(Type.String(), { description: "The tape's condition codes" })),
    tradeId: Type.Optional(Type.String({ description: 'Unique per symbol, venue and day where the vendor has one' })),
    asOf: Type.String({ format: 'date-time', description: "The vendor's instant of the trade, UTC" }),
    source: Type.String({ description: 'The provider that gave the trade' }),
    feed: Feed,
    receivedAt: Type.String({ format: 'date-time', description: 'When this server got it, UTC' })
  },
  { $id: 'Trade' }
)
export type Trade = Static<typeof Trade>
