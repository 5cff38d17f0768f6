import { Type, type Static } from 'typebox'
import { Feed, Provenance } from './provenance.ts'

/** Figures of a quote that vendors tell together. Which members of the quote they are: quote-groups.ts. */
export const QuoteGroup = Type.Enum(
  ['price', 'reference', 'day', 'book', 'year', 'marketCap', 'extendedHours', 'derivative'],
  {
    description:
      '`price`: the regular price, where the stream tells only what is traded outside regular hours; ' +
      '`reference`: previousClose, change and changePercent; `day`: open, dayHigh, dayLow and volume; `book`: bid, ask and ' +
      'their sizes; `year`: yearHigh and yearLow; the others are members of the quote'
  }
)
export type QuoteGroup = Static<typeof QuoteGroup>

/** Who told some of a quote's figures, where that is not who told its price. */
export const PartOrigin = Type.Object({
  source: Type.String({ description: 'The provider that told them', examples: ['yahoo'] }),
  feed: Feed,
  asOf: Type.String({
    format: 'date-time',
    description: "That provider's instant: of its own price, or of the bid and the ask, UTC"
  }),
  groups: Type.Array(QuoteGroup)
})
export type PartOrigin = Static<typeof PartOrigin>

/** Where a quote comes from: its price, and the figures beside it that others told. */
export const QuoteProvenance = Type.Object(
  {
    ...Provenance.properties,
    parts: Type.Optional(
      Type.Array(PartOrigin, {
        description:
          'Figures that others than `source` and `feed` told, or had a part in; a group that stands nowhere here is of ' +
          '`source` and `feed` alone. Absent where all of them are'
      })
    )
  },
  { $id: 'QuoteProvenance' }
)
export type QuoteProvenance = Static<typeof QuoteProvenance>
