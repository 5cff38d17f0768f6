import { Type, type Static } from 'typebox'
import { Provenance } from './provenance.ts'

export const NewsItem = Type.Object({
  id: Type.String({ description: "The vendor's id, or a hash of its address" }),
  title: Type.String(),
  url: Type.String(),
  publisher: Type.Optional(Type.String()),
  summary: Type.Optional(Type.String()),
  publishedAt: Type.String({ format: 'date-time' }),
  symbols: Type.Array(Type.String(), { description: 'Canonical symbols the story names' }),
  sentiment: Type.Optional(
    Type.Number({ minimum: -1, maximum: 1, description: "The vendor's own score for the asked symbol, or the story" })
  )
})
export type NewsItem = Static<typeof NewsItem>

/** Newest first, one entry per story. */
export const News = Type.Object(
  { symbol: Type.String(), items: Type.Array(NewsItem), provenance: Provenance },
  { $id: 'News' }
)
export type News = Static<typeof News>
