import { Type, type Static } from 'typebox'
import { Provenance } from './provenance.ts'

export const OptionContract = Type.Object({
  symbol: Type.String({ description: 'OCC symbol', examples: ['AAPL250117C00150000'] }),
  side: Type.Enum(['call', 'put']),
  strike: Type.Number(),
  expiry: Type.String({ description: 'YYYY-MM-DD' }),
  last: Type.Optional(Type.Number()),
  bid: Type.Optional(Type.Number()),
  ask: Type.Optional(Type.Number()),
  change: Type.Optional(Type.Number()),
  changePercent: Type.Optional(Type.Number()),
  volume: Type.Optional(Type.Number({ description: 'Contracts' })),
  openInterest: Type.Optional(Type.Number({ description: 'Contracts' })),
  impliedVolatility: Type.Optional(Type.Number({ description: '0.32 means 32 % a year' })),
  inTheMoney: Type.Optional(Type.Boolean()),
  lastTradeAt: Type.Optional(Type.String({ format: 'date-time' })),
  delta: Type.Optional(Type.Number()),
  gamma: Type.Optional(Type.Number()),
  theta: Type.Optional(Type.Number()),
  vega: Type.Optional(Type.Number()),
  rho: Type.Optional(Type.Number())
})
export type OptionContract = Static<typeof OptionContract>

/** One expiry's contracts, and the list of all expiries. Both are empty for a symbol that has no options. */
export const OptionChain = Type.Object(
  {
    symbol: Type.String(),
    expiries: Type.Array(Type.String({ description: 'YYYY-MM-DD' })),
    underlyingPrice: Type.Optional(Type.Number()),
    currency: Type.Optional(Type.String()),
    contracts: Type.Array(OptionContract),
    provenance: Provenance
  },
  { $id: 'OptionChain' }
)
export type OptionChain = Static<typeof OptionChain>
