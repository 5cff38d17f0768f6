import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ApiError } from '../errors.ts'
import type { Asker, MarketData } from '../market/market-data.ts'
import {
  compareStoryPlaces,
  placeOf,
  type MarketNews,
  type StoredStory,
  type StoryPage,
  type StoryPlace
} from '../market/news.ts'
import type { Attempt } from '../market/provenance.ts'
import { neverKept } from './answer.ts'
import { askerOf } from './asker.ts'
import { DayOrUtc } from './instant.ts'
import { PAGE_QUERY, pageTokens, PlaceText } from './page-token.ts'
import { formatOf, FORMAT_QUERY, rowsAnswer, sendRows } from './row-formats.ts'
import { onePage, type Cell, type Columns } from './rows.ts'

type Row = Readonly<Record<string, Cell>>

const COLUMNS = {
  publishedAt: 'instant',
  title: 'text',
  publisher: 'text',
  url: 'text',
  symbols: 'texts',
  tone: 'number',
  toneBy: 'text',
  source: 'text',
  state: 'text',
  receivedAt: 'instant',
  id: 'id'
} as const satisfies Columns<Row>

const NewsQuery = Type.Object(
  {
    limit: Type.Integer({ minimum: 1, maximum: 200, default: 50, description: 'How many stories' }),
    ...FORMAT_QUERY,
    ...PAGE_QUERY
  },
  { additionalProperties: false }
)

const places = pageTokens(
  'news',
  Type.Object({ publishedAt: DayOrUtc, source: PlaceText, id: PlaceText }, { additionalProperties: false })
)

/** News without a symbol. */
export const newsRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/news',
    {
      config: { access: 'market:read' },
      preHandler: neverKept,
      schema: {
        operationId: 'getStories',
        summary: 'The newest stories of all symbols',
        description:
          'What a vendor lists of the whole market now, among what vendors listed before, for the market or for a symbol; each ' +
          'story with its own provenance, and as old as that says. One that several vendors listed comes once for each of them. ' +
          'While no vendor answers these are the stories that are stored, labelled stale.',
        tags: ['market'],
        querystring: NewsQuery,
        response: { 200: rowsAnswer('StoryPage', 'story', COLUMNS) }
      }
    },
    async (request, reply) => {
      const { limit, page } = request.query
      const after = places.read(page, request)
      const [stored, listed] = await Promise.all([
        app.archive.stories({ limit, after }),
        listedNow(app.marketData, askerOf(request))
      ])
      const { items = [], provenance, error } = listed
      const listedStories = provenance ? behind(after, items, provenance) : []
      const all = newestFirst([...stored.stories, ...listedStories])
      const isRenewed = error === undefined && provenance?.state !== 'stale'
      const stories = all.slice(0, limit).map((story) => (isRenewed ? story : stale(story)))
      const last = stored.hasMore || all.length > limit ? stories.at(-1) : undefined
      const head = { provenance, error, next: last && places.write(placeOf(last), request) }
      const format = formatOf(request)
      if (format === 'json') {
        return sendRows(reply, format, { name: 'items', columns: {}, head, pages: onePage(stories) })
      }
      const rows = stories.map(rowOf)
      return sendRows(reply, format, { name: 'items', columns: COLUMNS, head, pages: onePage(rows) })
    }
  )
}

/**
 * What a vendor lists of the market; where none answers, why. Where no vendor sells such a list, neither: then nothing that
 * is stored is older than it could be.
 */
async function listedNow(
  marketData: Pick<MarketData, 'marketNews'>,
  asker: Asker
): Promise<Partial<MarketNews> & Pick<StoryPage, 'error'>> {
  try {
    return (await marketData.marketNews(asker)).value
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const { code, message, details } = error
    const { attempts = [] } = (details ?? {}) as { attempts?: Attempt[] }
    return attempts.length > 0 ? { error: { code, message, attempts } } : {}
  }
}

function behind(
  after: StoryPlace | undefined,
  items: MarketNews['items'],
  provenance: MarketNews['provenance']
): StoredStory[] {
  const stories = items.map((item) => ({ ...item, provenance }))
  return after ? stories.filter((story) => compareStoryPlaces(after, placeOf(story)) < 0) : stories
}

/** Each story once; of one that is stored and listed, what was received last. */
function newestFirst(stories: readonly StoredStory[]): StoredStory[] {
  const once = new Map<string, StoredStory>()
  for (const story of stories) {
    const key = `${story.provenance.source} ${story.id}`
    const held = once.get(key)
    if (!held || held.provenance.receivedAt < story.provenance.receivedAt) once.set(key, story)
  }
  return [...once.values()].sort((one, other) => compareStoryPlaces(placeOf(one), placeOf(other)))
}

const stale = (story: StoredStory): StoredStory => ({ ...story, provenance: { ...story.provenance, state: 'stale' } })

function rowOf({ publishedAt, title, publisher, url, symbols, tone, provenance, id }: StoredStory): Row {
  const { source, state, receivedAt } = provenance
  const toned = { tone: tone?.score, toneBy: tone?.by }
  return { publishedAt, title, publisher, url, symbols, ...toned, source, state, receivedAt, id }
}
