import { Type, type Static } from 'typebox'
import { toneOf } from './news-tone.ts'
import { Next } from './page.ts'
import { Attempt, Provenance } from './provenance.ts'

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

/** What a vendor lists of the whole market: newest first, one entry per story. */
export const MarketNews = Type.Object({ items: Type.Array(NewsItem), provenance: Provenance })
export type MarketNews = Static<typeof MarketNews>

/** The same of one symbol. */
export const News = Type.Object({ symbol: Type.String(), ...MarketNews.properties }, { $id: 'News' })
export type News = Static<typeof News>

/** A story with where it came from. */
export const StoredStory = Type.Object({ ...NewsItem.properties, provenance: Provenance })
export type StoredStory = Static<typeof StoredStory>

export const StoryPage = Type.Object(
  {
    provenance: Type.Optional({
      ...Provenance,
      description: "Of the vendor's list of the market among them; absent where there is none"
    }),
    error: Type.Optional(
      Type.Object(
        { code: Type.String(), message: Type.String(), attempts: Type.Array(Attempt) },
        { description: 'Why no vendor lists what is new of the market, where those that could did not answer' }
      )
    ),
    items: Type.Array(StoredStory, { description: 'Newest first' }),
    next: Next
  },
  { $id: 'StoryPage' }
)
export type StoryPage = Static<typeof StoryPage>

/** A place in the order of stories: the newest first. */
export type StoryPlace = { readonly publishedAt: string; readonly source: string; readonly id: string }

export const placeOf = ({ publishedAt, provenance, id }: StoredStory): StoryPlace => ({
  publishedAt,
  source: provenance.source,
  id
})

/** Below 0 where the first comes first. */
export function compareStoryPlaces(one: StoryPlace, other: StoryPlace): number {
  return compare(other.publishedAt, one.publishedAt) || compare(one.source, other.source) || compare(one.id, other.id)
}

const compare = (one: string, other: string): number => (one === other ? 0 : one < other ? -1 : 1)

/** The stories with the tone of each. */
export function withTone<Listed extends MarketNews>(news: Listed): Listed {
  return { ...news, items: news.items.map((item) => ({ ...item, tone: toneOfStory(item) })) }
}

/** The vendor's own score comes first. */
export function toneOfStory({
  sentiment,
  title
}: Pick<NewsItem, 'sentiment' | 'title'>): NonNullable<NewsItem['tone']> {
  if (sentiment !== undefined) return { score: sentiment, by: 'vendor' }
  return { score: Math.round(toneOf(title) * 100) / 100, by: 'lexicon' }
}
