import { Type, type Static } from 'typebox'
import { MarketStatus } from './market-status.ts'
import { Indices, Movers, Sectors } from './market-wide.ts'
import { Sentiment } from './sentiment.ts'

/** A part of the overview that could not be had, while the others could. */
export const OverviewError = Type.Object({
  part: Type.Enum(['indices', 'sectors', 'gainers', 'losers', 'actives', 'sentiment']),
  code: Type.String({ description: "As in an error body of the part's own route" }),
  message: Type.String(),
  details: Type.Optional(Type.Unknown())
})
export type OverviewError = Static<typeof OverviewError>

/**
 * The first screen of a dashboard. Each part stands with its own provenance, or is missing and has an entry in
 * `errors`.
 */
export const Overview = Type.Object(
  {
    indices: Type.Optional(Indices),
    sectors: Type.Optional(Sectors),
    gainers: Type.Optional(Movers),
    losers: Type.Optional(Movers),
    actives: Type.Optional(Movers),
    sentiment: Type.Optional(Sentiment),
    status: MarketStatus,
    errors: Type.Array(OverviewError)
  },
  { $id: 'Overview' }
)
export type Overview = Static<typeof Overview>
