import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { News, NewsItem } from '../../market/news.ts'
import { parseSymbol } from '../../market/symbol.ts'
import { withoutAbsent } from '../../market/absent.ts'
import { isoOf } from '../../market/time.ts'
import { provenanceOf, textOf, webAddress } from '../parse.ts'
import { ProviderError } from '../provider.ts'
import { salvage } from '../salvage.ts'
import { instantIn } from '../session-dates.ts'
import { instantOf } from './quotes.ts'
import { SEARCH_URL } from './search.ts'
import type { YahooClient } from './client.ts'
import { toYahooSymbol } from './symbols.ts'
import { listOf, memberOf, WireText } from './wire.ts'

const STREAM_URL = 'https://finance.yahoo.com/xhr/ncp'
const MAX_SUMMARY_LENGTH = 2000

/**
 * Stories about a symbol, newest first: from the stream behind Yahoo's own page of it, which has summaries; where that
 * does not answer (it may want a consent that the search does not), from the search, which has fewer.
 */
export async function fetchNews(
  client: YahooClient,
  symbol: string,
  limit: number,
  signal: AbortSignal,
  now: () => number
): Promise<News> {
  const stories = await fetchStream(client, symbol, limit, signal).catch((error: unknown) => {
    if (!(error instanceof ProviderError) || error.kind === 'rate_limited') throw error
    return fetchFound(client, symbol, limit, signal)
  })
  const byAddress = new Map(stories.map((story) => [story.url, story]))
  return {
    symbol,
    items: [...byAddress.values()].sort((a, b) => b.publishedAt.localeCompare(a.publishedAt)).slice(0, limit),
    provenance: provenanceOf('yahoo', { feed: 'composite', receivedAt: now() })
  }
}

async function fetchStream(
  client: YahooClient,
  symbol: string,
  limit: number,
  signal: AbortSignal
): Promise<NewsItem[]> {
  const answer = await client.ask(
    {
      url: STREAM_URL,
      query: { queryRef: 'latestNews', serviceKey: 'ncp_fin' },
      post: { serviceConfig: { snippetCount: limit, s: [toYahooSymbol(symbol)] } }
    },
    signal
  )
  const stream = memberOf(memberOf(memberOf(answer, 'data'), 'tickerStream'), 'stream')
  if (!Array.isArray(stream)) throw new ProviderError('yahoo', 'bad_payload', 'yahoo sent no stream of stories')
  return stream.flatMap((entry) => streamedStory(memberOf(entry, 'content'), symbol) ?? [])
}

/** Advertisements stand among the stories without any content. The stream is the symbol's, and names no other. */
function streamedStory(content: unknown, symbol: string): NewsItem | undefined {
  const wire = salvage(StreamedStory, content)
  const url = webAddress(memberOf(wire?.canonicalUrl, 'url')) ?? webAddress(memberOf(wire?.clickThroughUrl, 'url'))
  const [id, title] = [textOf(wire?.id), textOf(wire?.title)]
  const publishedMs = instantIn('UTC', wire?.pubDate)
  if (!wire || url === undefined || id === undefined || title === undefined || publishedMs === undefined)
    return undefined
  return withoutAbsent({
    id,
    title,
    url,
    publisher: textOf(memberOf(wire.provider, 'displayName')),
    summary: textOf(wire.summary, MAX_SUMMARY_LENGTH) ?? textOf(wire.description, MAX_SUMMARY_LENGTH),
    publishedAt: isoOf(publishedMs),
    symbols: [symbol]
  })
}

async function fetchFound(
  client: YahooClient,
  symbol: string,
  limit: number,
  signal: AbortSignal
): Promise<NewsItem[]> {
  const answer = await client.ask(
    { url: SEARCH_URL, query: { q: toYahooSymbol(symbol), quotesCount: 0, newsCount: limit } },
    signal
  )
  const stories = memberOf(answer, 'news')
  if (!Array.isArray(stories)) throw new ProviderError('yahoo', 'bad_payload', 'yahoo sent no list of stories')
  return stories.flatMap((story) => foundStory(story) ?? [])
}

function foundStory(story: unknown): NewsItem | undefined {
  const wire = salvage(FoundStory, story)
  const url = webAddress(wire?.link)
  const [id, title] = [textOf(wire?.uuid), textOf(wire?.title)]
  const publishedAt = instantOf(wire?.providerPublishTime)
  if (!wire || url === undefined || id === undefined || title === undefined || publishedAt === undefined)
    return undefined
  const symbols = listOf(wire.relatedTickers).flatMap((text) => (typeof text === 'string' && parseSymbol(text)) || [])
  return withoutAbsent({ id, title, url, publisher: textOf(wire.publisher), publishedAt, symbols })
}

const StreamedStory = Compile(
  Type.Object({
    id: Type.String(),
    title: WireText,
    summary: WireText,
    description: WireText,
    pubDate: WireText, // ISO, in UTC
    provider: Type.Optional(Type.Unknown()),
    canonicalUrl: Type.Optional(Type.Unknown()),
    clickThroughUrl: Type.Optional(Type.Unknown())
  })
)

const FoundStory = Compile(
  Type.Object({
    uuid: Type.String(),
    title: WireText,
    link: WireText,
    publisher: WireText,
    providerPublishTime: Type.Number(), // epoch seconds
    relatedTickers: Type.Optional(Type.Unknown())
  })
)
