import { Type, type Static } from 'typebox'
import { ExchangeName, Mic } from './exchange.ts'
import { Provenance } from './provenance.ts'

/** Figures that can be worked out where a vendor gives none. */
export const ComputedFigure = Type.Enum(['impliedVolatility', 'delta', 'gamma', 'theta', 'vega', 'rho'])
export type ComputedFigure = Static<typeof ComputedFigure>

/**
 * What computed figures rest on. The model values options that can be exercised at expiry only and dividends that are
 * paid evenly: on American options it understates puts deep in the money, and calls before a large dividend.
 */
export const OptionPricing = Type.Object({
  model: Type.Literal('black-scholes'),
  underlyingPrice: Type.Number(),
  riskFreeRate: Type.Number({
    description: 'A setting of this server; continuously compounded; 0.04 means 4 % a year'
  }),
  dividendYield: Type.Number({ description: 'Continuously compounded; 0.01 means 1 % a year' }),
  dividendYieldSource: Type.String({
    description: 'The provider whose fundamentals tell the yield, as /fundamentals shows it; `assumed` where none does',
    examples: ['yahoo', 'assumed']
  }),
  computedAt: Type.String({ format: 'date-time', description: 'The instant that the time to expiry counts from, UTC' })
})
export type OptionPricing = Static<typeof OptionPricing>

/** What a contract's computed figures rest on where it is streamed: they were computed when it was, and not with its chain. */
export const FigureBasis = Type.Object({
  ...OptionPricing.properties,
  underlyingAsOf: Type.String({ format: 'date-time', description: 'The instant of underlyingPrice, UTC' }),
  price: Type.Number({ description: 'Of the contract' }),
  priceFrom: Type.Enum(['mid', 'last'], { description: 'The middle of bid and ask, or the last trade' })
})
export type FigureBasis = Static<typeof FigureBasis>

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
  lastTradingAt: Type.Optional(
    Type.String({ format: 'date-time', description: 'End of the last session in which it trades, UTC' })
  ),
  settlesAt: Type.Optional(
    Type.String({
      format: 'date-time',
      description:
        'When its value is fixed, UTC: the time to expiry counts to here. Later than lastTradingAt for index options that the next opening settles'
    })
  ),
  settlement: Type.Optional(
    Type.Enum(['am', 'pm'], {
      description:
        'What fixes its value: am the opening prices of its expiry day, before which it no longer trades; pm the close'
    })
  ),
  delta: Type.Optional(Type.Number()),
  gamma: Type.Optional(Type.Number()),
  theta: Type.Optional(Type.Number({ description: 'For one calendar day' })),
  vega: Type.Optional(Type.Number({ description: 'For one point of volatility, 0.01' })),
  rho: Type.Optional(Type.Number({ description: 'For one point of interest, 0.01' })),
  computed: Type.Optional(
    Type.Array(ComputedFigure, {
      description: 'Which of its figures no vendor gave: they follow from `basis`, else from `pricing`'
    })
  ),
  basis: Type.Optional(FigureBasis)
})
export type OptionContract = Static<typeof OptionContract>

/** One expiry's contracts, and the list of all expiries. Both are empty for a symbol that has no options. */
export const OptionChain = Type.Object(
  {
    symbol: Type.String({ description: 'Canonical symbol of the underlying' }),
    name: Type.Optional(Type.String({ description: 'Of the underlying' })),
    mic: Type.Optional(Mic),
    exchange: Type.Optional(ExchangeName),
    expiries: Type.Array(Type.String({ description: 'YYYY-MM-DD' }), { description: 'Those that still trade' }),
    timeZone: Type.Optional(Type.String({ description: 'IANA zone of the exchange that lists the options' })),
    underlyingPrice: Type.Optional(Type.Number()),
    currency: Type.Optional(Type.String()),
    contracts: Type.Array(OptionContract),
    pricing: Type.Optional(OptionPricing),
    provenance: Provenance
  },
  { $id: 'OptionChain' }
)
export type OptionChain = Static<typeof OptionChain>

/** Where so many contracts traded and none is open at any strike, the vendor has no open interest. */
const TRADED_WITHOUT_INTEREST = 100

/** The contracts without their open interest where that is 0 in a whole chain that trades; else the same array. */
export function withoutUnknownInterest(contracts: OptionContract[]): OptionContract[] {
  const traded = contracts.reduce((sum, { volume = 0 }) => sum + volume, 0)
  const isTold = contracts.some(({ openInterest }) => openInterest !== undefined)
  if (!isTold || traded < TRADED_WITHOUT_INTEREST || contracts.some(({ openInterest }) => openInterest))
    return contracts
  return contracts.map((contract) => {
    const { openInterest: _unknown, ...rest } = contract
    return rest
  })
}
