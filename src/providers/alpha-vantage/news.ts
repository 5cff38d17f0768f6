// https://www.alphavantage.co/documentation/#news-sentiment
import { createHash } from 'node:crypto'
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { MarketNews, News, NewsItem } from '../../market/news.ts'
import { isoOf } from '../../market/time.ts'
import { provenanceOf, textOf, webAddress } from '../parse.ts'
import { fittingRows } from '../rows.ts'
import { isRecord } from '../salvage.ts'
import { instantIn } from '../session-dates.ts'
import { PROVIDER, type AlphaVantageClient } from './client.ts'
import { canonicalOf, type Listing } from './listing.ts'
import { numberOf } from './wire-value.ts'

const MAX_SUMMARY_LENGTH = 2000

/**
 * `time_published` has no offset and the documentation names none. It is UTC: wire stories that their agency dates 17:05
 * in New York stand at 210500, and a series sent out at 09:00 in New York stands at 130010 in summer.
 */
const PUBLICATION_ZONE = 'UTC'

/** Stories about a symbol, newest first, one entry per address. */
export async function news(
  client: AlphaVantageClient,
  symbol: string,
  listing: Listing,
  limit: number,
  signal: AbortSignal,
  now: () => number
): Promise<News> {
  return { symbol, ...(await listedStories(client, { symbol, tickers: listing.wire }, limit, signal, now)) }
}

/** The newest stories of all topics. */
export const marketNews = (
  client: AlphaVantageClient,
  limit: number,
  signal: AbortSignal,
  now: () => number
): Promise<MarketNews> => listedStories(client, {}, limit, signal, now)

async function listedStories(
  client: AlphaVantageClient,
  { symbol, tickers }: { symbol?: string; tickers?: string },
  limit: number,
  signal: AbortSignal,
  now: () => number
): Promise<MarketNews> {
  const what = `news of ${symbol ?? 'the market'}`
  const parameters = { ...(tickers !== undefined && { tickers }), sort: 'LATEST', limit }
  const { feed } = await client.ask('NEWS_SENTIMENT', parameters, WireFeed, what, signal)
  const stories = new Map<string, NewsItem>()
  for (const wire of fittingRows(PROVIDER, what, feed, WireStories)) {
    const story = parseStory(wire, symbol)
    if (story && !stories.has(story.url)) stories.set(story.url, story)
  }
  const items = [...stories.values()].sort((a, b) => b.publishedAt.localeCompare(a.publishedAt)).slice(0, limit)
  return { items, provenance: provenanceOf(PROVIDER, { feed: 'composite', receivedAt: now() }) }
}

function parseStory(wire: WireStory, symbol: string | undefined): NewsItem | undefined {
  const title = textOf(wire.title)
  const published = instantIn(PUBLICATION_ZONE, wire.time_published)
  const url = webAddress(wire.url)
  if (!title || published === undefined || url === undefined) return undefined
  const publisher = textOf(wire.source)
  const summary = textOf(wire.summary, MAX_SUMMARY_LENGTH)
  const tickers = (wire.ticker_sentiment ?? [])
    .filter(isRecord)
    .map((each) => ({ symbol: symbolNamed(each['ticker']), score: each['ticker_sentiment_score'] }))
  const own = symbol === undefined ? undefined : tickers.find((each) => each.symbol === symbol)
  const sentiment = numberOf(own ? own.score : wire.overall_sentiment_score)
  return {
    id: createHash('sha256').update(wire.url).digest('hex').slice(0, 32),
    title,
    url,
    ...(publisher && { publisher }),
    ...(summary && { summary }),
    publishedAt: isoOf(published),
    symbols: [...new Set(tickers.flatMap((each) => each.symbol ?? []))],
    ...(sentiment !== undefined && Math.abs(sentiment) <= 1 && { sentiment })
  }
}

/** Coins are named `CRYPTO:BTC` and are quoted in dollars; `FOREX:USD` names a currency, which is no instrument. */
function symbolNamed(ticker: unknown): string | undefined {
  if (typeof ticker !== 'string') return undefined
  const coin = /^CRYPTO:([A-Z0-9]+)$/.exec(ticker)?.[1]
  if (coin) return `${coin}-USD`
  return ticker.includes(':') ? undefined : canonicalOf(ticker)
}

const WireStory = Type.Object({
  title: Type.String(),
  url: Type.String(),
  time_published: Type.String(), // 20230703T191900
  summary: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  source: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  overall_sentiment_score: Type.Optional(Type.Unknown()),
  ticker_sentiment: Type.Optional(Type.Array(Type.Unknown())) // `ticker`, and its score as a text
})
type WireStory = Static<typeof WireStory>

const WireStories = Compile(WireStory)

const WireFeed = Compile(Type.Object({ feed: Type.Array(Type.Unknown()) }))
