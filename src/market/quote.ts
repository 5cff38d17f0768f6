import { Type, type Static } from 'typebox'
import { DerivativeFigures } from './derivative-figures.ts'
import { ExchangeName, Mic } from './exchange.ts'
import { InstrumentKind } from './instrument-kind.ts'
import { QuoteProvenance } from './quote-provenance.ts'

export const MarketState = Type.Enum(['pre', 'regular', 'post', 'closed', 'halted'])
export type MarketState = Static<typeof MarketState>

/** A price outside the regular session, beside the regular one and never in its place. */
export const ExtendedHours = Type.Object({
  session: Type.Enum(['pre', 'post', 'overnight'], { description: '`overnight`: US venues between 20:00 and 4:00' }),
  price: Type.Number(),
  change: Type.Optional(Type.Number({ description: 'Against the regular price' })),
  changePercent: Type.Optional(Type.Number()),
  asOf: Type.Optional(Type.String({ format: 'date-time' }))
})

export type ExtendedHours = Static<typeof ExtendedHours>

/** The newest regular-session price of an instrument. A number that the vendor did not give is a missing key. */
export const Quote = Type.Object(
  {
    symbol: Type.String({ description: 'Canonical symbol', examples: ['BRK.B'] }),
    name: Type.Optional(Type.String()),
    kind: Type.Optional(InstrumentKind),
    price: Type.Number({ description: 'Last regular-session price, in `currency`' }),
    change: Type.Optional(Type.Number({ description: 'Against previousClose, in `currency`' })),
    changePercent: Type.Optional(Type.Number({ description: '1.27 means 1.27 %' })),
    previousClose: Type.Optional(Type.Number()),
    open: Type.Optional(Type.Number()),
    dayHigh: Type.Optional(Type.Number()),
    dayLow: Type.Optional(Type.Number()),
    yearHigh: Type.Optional(Type.Number({ description: '52 weeks' })),
    yearLow: Type.Optional(Type.Number({ description: '52 weeks' })),
    volume: Type.Optional(Type.Number({ description: 'Shares in this session; coins or contracts where those trade' })),
    bid: Type.Optional(Type.Number()),
    ask: Type.Optional(Type.Number()),
    bidSize: Type.Optional(Type.Number({ description: 'Shares' })),
    askSize: Type.Optional(Type.Number({ description: 'Shares' })),
    marketCap: Type.Optional(Type.Number({ description: 'In `currency` (the major unit)' })),
    currency: Type.Optional(Type.String({ description: 'ISO 4217; pence and cents are converted and noted' })),
    mic: Type.Optional(Mic),
    exchange: Type.Optional(ExchangeName),
    marketState: Type.Optional(MarketState),
    extendedHours: Type.Optional(ExtendedHours),
    derivative: Type.Optional(DerivativeFigures),
    asOf: Type.String({
      format: 'date-time',
      description: "The vendor's instant of the price, UTC. Where it tells only a day: that day's close"
    }),
    sequence: Type.Optional(
      Type.Integer({ minimum: 0, description: "Orders prices of one instant: the vendor's number, where it has one" })
    ),
    provenance: QuoteProvenance
  },
  { $id: 'Quote' }
)
export type Quote = Static<typeof Quote>
