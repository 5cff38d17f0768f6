import { Type, type Static } from 'typebox'
import { Provenance } from './provenance.ts'

export const Split = Type.Object({
  exDate: Type.String({ description: 'YYYY-MM-DD' }),
  ratio: Type.Number({
    exclusiveMinimum: 0,
    description: 'New shares for one old share: 4 for a 4:1 split, 0.1 for 1:10'
  })
})
export type Split = Static<typeof Split>

export const Dividend = Type.Object({
  exDate: Type.String({ description: 'YYYY-MM-DD' }),
  amount: Type.Number({ exclusiveMinimum: 0, description: 'Per share, in `currency`' }),
  currency: Type.Optional(Type.String()),
  payDate: Type.Optional(Type.String({ description: 'YYYY-MM-DD' })),
  kind: Type.Optional(Type.Enum(['cash', 'capital_gain'])),
  suspect: Type.Optional(
    Type.Literal(true, { description: 'This payout may be wrong: `provenance.notes` of its list says why' })
  )
})
export type Dividend = Static<typeof Dividend>

/** Newest first. */
export const Splits = Type.Object({ symbol: Type.String(), splits: Type.Array(Split), provenance: Provenance })
export type Splits = Static<typeof Splits>
export const Dividends = Type.Object({
  symbol: Type.String(),
  dividends: Type.Array(Dividend),
  amountsAdjusted: Type.Enum(['none', 'splits'], { description: 'Whether past amounts are divided by later splits' }),
  provenance: Provenance
})
export type Dividends = Static<typeof Dividends>

/** Splits and dividends together; each carries its own provenance, for they may come from two providers. */
export const CorporateActions = Type.Object(
  { symbol: Type.String(), splits: Type.Optional(Splits), dividends: Type.Optional(Dividends) },
  { $id: 'CorporateActions' }
)
export type CorporateActions = Static<typeof CorporateActions>
