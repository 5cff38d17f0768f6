import { Type, type Static } from 'typebox'
import { toneOf } from './news-tone.ts'
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
  ),
  tone: Type.Optional(
    Type.Object(
      { score: Type.Number({ minimum: -1, maximum: 1 }), by: Type.Enum(['vendor', 'lexicon']) },
      { description: "The vendor's sentiment, else what a lexicon of finance reads in the title (English only)" }
    )
  )
})
export type NewsItem = Static<typeof NewsItem>

/** Newest first, one entry per story. */
export const News = Type.Object(
  { symbol: Type.String(), items: Type.Array(NewsItem), provenance: Provenance },
  { $id: 'News' }
)
export type News = Static<typeof News>

/** The stories with the tone of each: the vendor's own score comes first. */
export function withTone(news: News): News {
  const items = news.items.map((item): NewsItem => {
    const { sentiment, title } = item
    const tone =
      sentiment === undefined
        ? { score: Math.round(toneOf(title) * 100) / 100, by: 'lexicon' as const }
        : { score: sentiment, by: 'vendor' as const }
    return { ...item, tone }
  })
  return { ...news, items }
}
