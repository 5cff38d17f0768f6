import { ApiError } from '../errors.ts'
import type { BarRequest, BarSeries } from '../market/bar.ts'
import { exchangeOf } from '../market/calendars.ts'
import type { Answer, Priority } from '../market/market-data.ts'
import type { Indices, Sectors } from '../market/market-wide.ts'
import type { News } from '../market/news.ts'
import type { OptionChain } from '../market/option-chain.ts'
import { periodRange } from '../market/period.ts'
import { combinedProvenance } from '../market/provenance.ts'
import type { Quote } from '../market/quote.ts'
import {
  breadthOf,
  compositeOf,
  highsLowsOf,
  momentumOf,
  newsToneOf,
  NoReading,
  putCallOf,
  volatilityOf,
  type Reading,
  type SectorChanges
} from '../market/sentiment-score.ts'
import type { MissingComponent, ScoredSentiment, Sentiment } from '../market/sentiment.ts'

const MOMENTUM_INDICES = ['^GSPC', '^IXIC', '^RUT']
const VOLATILITY_INDEX = '^VIX'
/** Its options are the most traded ones of the whole market. */
const OPTIONS_OF = 'SPY'
/** Funds of the whole market: their news is the market's. */
const NEWS_OF = ['SPY', 'QQQ', 'DIA']
const STORIES_EACH = 50
const RETRY_AFTER_SECONDS = 60

/** What the sentiment is read from, each through its own cache. */
export type SentimentInputs = {
  indices: (priority: Priority) => Promise<Answer<Indices>>
  sectors: (priority: Priority) => Promise<Answer<Sectors>>
  bars: (request: BarRequest, priority: Priority) => Promise<Answer<BarSeries>>
  options: (symbol: string, expiry: undefined, priority: Priority) => Promise<Answer<OptionChain>>
  news: (symbol: string, limit: number, priority: Priority) => Promise<Answer<News>>
  /** Quotes that were recorded since the last session of New York opened. */
  knownQuotes: () => Promise<readonly Quote[]>
}

/** Fewer than half of the sentiment's weights have data. `sentiment` says so, where any has. */
export class TooLittleKnown extends ApiError {
  readonly sentiment: Sentiment | undefined

  constructor(sentiment: Sentiment | undefined, missing: readonly MissingComponent[]) {
    super('MARKET_DATA_UNAVAILABLE', 503, 'Too little is known of the market for a sentiment', {
      details: { subject: 'sentiment', missing },
      retryAfterSeconds: RETRY_AFTER_SECONDS
    })
    this.sentiment = sentiment
  }
}

/** The market's sentiment from whatever of its inputs can be had. Rejects with TooLittleKnown. */
export async function loadSentiment(
  inputs: SentimentInputs,
  priority: Priority,
  now: number
): Promise<ScoredSentiment> {
  const indices = inputs.indices(priority)
  const shares = usShares(inputs)
  const [momentum, volatility, breadth, highsLows, putCall, newsTone] = await Promise.all([
    reading(async () => {
      const { indices: quotes } = (await indices).value
      const wanted = quotes.filter(({ symbol }) => MOMENTUM_INDICES.includes(symbol))
      return momentumOf(await Promise.all(wanted.map((quote) => withYear(inputs, quote, priority, now))))
    }),
    reading(async () => {
      const quote = (await indices).value.indices.find(({ symbol }) => symbol === VOLATILITY_INDEX)
      if (!quote) throw new NoReading(`no provider tells ${VOLATILITY_INDEX}`)
      return volatilityOf(quote, await withYear(inputs, quote, priority, now))
    }),
    reading(async () => {
      const sectors = await inputs.sectors(priority).catch(() => undefined)
      return breadthOf(await shares, sectors && changesOf(sectors.value))
    }),
    reading(async () => highsLowsOf(await shares)),
    reading(async () => {
      const { contracts, provenance } = (await inputs.options(OPTIONS_OF, undefined, priority)).value
      return putCallOf(contracts, provenance.receivedAt, provenance)
    }),
    reading(async () => {
      const { items, provenance } = await marketNews(inputs, priority)
      return newsToneOf(items, provenance, now)
    })
  ])
  const readings = {
    momentum,
    volatility,
    breadth,
    'highs-lows': highsLows,
    'put-call': putCall,
    'news-tone': newsTone
  }
  const { sentiment, missing } = compositeOf(readings, now)
  if (!isScored(sentiment)) throw new TooLittleKnown(sentiment, missing)
  return sentiment
}

function isScored(sentiment: Sentiment | undefined): sentiment is ScoredSentiment {
  return sentiment?.score !== undefined && sentiment.label !== undefined
}

/** A reading, or why there is none: that nobody can give the input is an answer here. Any other failure is a bug. */
async function reading(read: () => Promise<Reading>): Promise<Reading | NoReading> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof NoReading) return error
    if (error instanceof ApiError) return new NoReading(error.message)
    throw error
  }
}

/** An index and its daily bars of a year; none where nobody has them. */
async function withYear(inputs: SentimentInputs, quote: Quote, priority: Priority, now: number) {
  const { symbol, provenance } = quote
  const request = { symbol, interval: '1d', adjusted: 'splits', ...periodRange('1y', now) } as const
  const series = await inputs.bars(request, priority).catch((error: unknown) => {
    if (error instanceof ApiError) return undefined
    throw error
  })
  return { quote, bars: series?.value.bars ?? [], provenance: series?.value.provenance ?? provenance }
}

/** Stories about any of the funds, each once. Rejects where nobody has any. */
async function marketNews(inputs: SentimentInputs, priority: Priority) {
  const answers = await Promise.allSettled(NEWS_OF.map((symbol) => inputs.news(symbol, STORIES_EACH, priority)))
  const told = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.value] : []))
  const failed = answers.find((answer) => answer.status === 'rejected')
  if (told.length === 0 && failed) throw failed.reason
  const items = new Map(told.flatMap((news) => news.items.map((item) => [item.url, item])))
  return { items: [...items.values()], provenance: combinedProvenance(told.map(({ provenance }) => provenance)) }
}

/** Postgres may be away: then no shares are known. */
async function usShares({ knownQuotes }: SentimentInputs): Promise<readonly Quote[]> {
  const quotes = await knownQuotes().catch(() => [])
  return quotes.filter(({ symbol }) => !symbol.startsWith('^') && exchangeOf(symbol) === 'XNYS')
}

function changesOf({ sectors, provenance }: Sectors): SectorChanges {
  return { changes: sectors.map(({ changePercent }) => changePercent), asOf: provenance.receivedAt, provenance }
}
