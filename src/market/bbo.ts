import { Type, type Static } from 'typebox'
import { tickProperties, Venue } from './tick.ts'

/** The best bid and offer as the feed told them. A side without orders is missing. */
export const Bbo = Type.Object(
  {
    ...tickProperties,
    bid: Type.Optional(Type.Number()),
    bidSize: Type.Optional(Type.Number({ description: 'Shares' })),
    bidVenue: Type.Optional(Venue),
    ask: Type.Optional(Type.Number()),
    askSize: Type.Optional(Type.Number({ description: 'Shares' })),
    askVenue: Type.Optional(Venue),
    currency: Type.Optional(Type.String({ description: 'ISO 4217' })),
    conditions: Type.Optional(Type.Array(Type.String(), { description: "The tape's condition codes" }))
  },
  { $id: 'Bbo' }
)
export type Bbo = Static<typeof Bbo>
