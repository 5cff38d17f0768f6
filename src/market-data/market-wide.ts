import { answerOf } from '../cache/entry.ts'
import type { Namespace } from '../cache/namespace.ts'
import type { TieredCache } from '../cache/tiered-cache.ts'
import { cachedValue, type Urgency } from './cached-value.ts'
import { ApiError } from '../errors.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Ask } from '../gateway/single-question.ts'
import type { MarketEvent } from '../market/event.ts'
import type { Answer, Priority } from '../market/market-data.ts'
import { marketStatusAt, type MarketStatus } from '../market/market-status.ts'
import type { Indices, MoverKind, Movers, Sectors } from '../market/market-wide.ts'
import { withTone, type MarketNews } from '../market/news.ts'
import { combinedProvenance, type Provenance } from '../market/provenance.ts'
import type { Quote } from '../market/quote.ts'
import { SECTOR_FUNDS } from '../market/sector.ts'
import type { ScoredSentiment, Sentiment } from '../market/sentiment.ts'
import { lastSession } from '../market/session.ts'
import type { SessionClock } from '../market/session-clock.ts'
import { createOverview } from './overview.ts'
import type { Policies } from './policies.ts'
import { loadSentiment, TooLittleKnown, type SentimentInputs } from './sentiment-source.ts'

const HOME_EXCHANGE = 'XNYS'
/** Calendars can be replaced at any time; a status that was told before is then right again after this long. */
const STATUS_FRESH_MS = 60_000
/** A sentiment of which too little is known is looked for again soon, but not by each request. */
const PARTIAL_FRESH_MS = 10_000
/** As many stories of the whole market as every vendor lists at once. */
const MARKET_STORIES = 50
const LAST_NEWS = 'market-news'

/** What was recorded before. Undefined where nothing was. */
export type MarketWideLastGood = {
  /** As the recorder was given it. */
  snapshot(kind: string): Promise<unknown>
  /** Of what has no table of its own, by its key, as the recorder was given it. */
  value(key: string): Promise<unknown>
  sentiment(): Promise<ScoredSentiment | undefined>
  /** The newest quote of each symbol whose price is of an instant (epoch ms) or later. */
  quotesSince(instant: number): Promise<Quote[]>
}

export type MarketWideOptions = Pick<SentimentInputs, 'bars' | 'options' | 'news'> & {
  gateway: Gateway
  cache: TieredCache
  policies: Policies
  clock: SessionClock
  /** See CachedMarketOptions. */
  accept: (event: MarketEvent) => unknown
  recorder: {
    news(news: MarketNews): void
    lastGood(entry: { key: string; receivedAt: string; value: MarketNews }): void
  }
  lastGood: MarketWideLastGood
  onExpired: OnExpired
}

/**
 * Told of a value, labelled stale, that outlived its freshness and could not be renewed: again with each attempt.
 * `receivedAt` (epoch ms) names the value among those of its topic.
 */
export type OnExpired = (event: MarketEvent, receivedAt: number) => void

type Sourced = { readonly provenance: Provenance }

/** The market as a whole: what no symbol is asked for, each part from where every value is served. */
export function createMarketWide({
  gateway,
  cache,
  policies,
  clock,
  accept,
  recorder,
  lastGood,
  onExpired,
  ...inputs
}: MarketWideOptions) {
  const caches = {
    indices: cache.namespace(policies.indices),
    sectors: cache.namespace(policies.sectors),
    movers: cache.namespace(policies.movers),
    news: cache.namespace(policies.marketNews),
    sentiment: cache.namespace(policies.sentiment)
  }

  function recorded<T extends Sourced>(
    namespace: Namespace<T>,
    kind: string,
    urgency: Urgency | undefined,
    ask: (ask: Ask) => Promise<T>,
    eventOf: (value: T) => MarketEvent
  ): Promise<Answer<T>> {
    return cachedValue(namespace, kind, urgency, ask, {
      record: (value) => accept(eventOf(value)),
      lastGood: async () => (await lastGood.snapshot(kind)) as T | undefined,
      expired: (value) => onExpired(eventOf(value), Date.parse(value.provenance.receivedAt))
    })
  }

  let partial: Answer<Sentiment> | undefined

  const indices = (urgency?: Urgency): Promise<Answer<Indices>> =>
    recorded(
      caches.indices,
      'indices',
      urgency,
      (ask) => gateway.indices(ask),
      (data) => ({ type: 'indices_update', data })
    )
  const sectors = (urgency?: Urgency): Promise<Answer<Sectors>> =>
    recorded(
      caches.sectors,
      'sectors',
      urgency,
      (ask) => sectorsOf(gateway, ask),
      (data) => ({ type: 'sectors_update', data })
    )
  const movers = (type: MoverKind, urgency?: Urgency): Promise<Answer<Movers>> =>
    recorded(
      caches.movers,
      `movers:${type}`,
      urgency,
      (ask) => gateway.movers(type, ask),
      (data) => ({ type: 'movers_update', data })
    )

  const marketNews = (urgency?: Urgency): Promise<Answer<MarketNews>> =>
    cachedValue(
      caches.news,
      'news',
      urgency,
      async (ask) => {
        const stories = await gateway.marketNews(MARKET_STORIES, ask)
        recorder.news(stories)
        return withTone(stories)
      },
      {
        record: (value) => recorder.lastGood({ key: LAST_NEWS, receivedAt: value.provenance.receivedAt, value }),
        lastGood: async () => (await lastGood.value(LAST_NEWS)) as MarketNews | undefined
      }
    )

  /** The short forms of an answer live as long as it does, so that each is encoded once. */
  const shortForms = new WeakMap<Answer<Movers>, Map<number, Answer<Movers>>>()

  async function topMovers(type: MoverKind, limit: number): Promise<Answer<Movers>> {
    const all = await movers(type)
    if (limit >= all.value.movers.length) return all
    const forms = shortForms.get(all) ?? new Map<number, Answer<Movers>>()
    shortForms.set(all, forms)
    const known = forms.get(limit)
    if (known) return known
    const short = answerOf({ ...all.value, movers: all.value.movers.slice(0, limit) }, all)
    forms.set(limit, short)
    return short
  }

  const scoredSentiment = (urgency?: Urgency): Promise<Answer<ScoredSentiment>> =>
    cachedValue(
      caches.sentiment,
      'sentiment',
      urgency,
      ({ priority }) => loadSentiment({ ...inputs, indices, sectors, knownQuotes }, priority, Date.now()),
      {
        record: (data) => accept({ type: 'sentiment_update', data }),
        lastGood: () => lastGood.sentiment(),
        expired: (data) => onExpired({ type: 'sentiment_update', data }, Date.parse(data.asOf))
      }
    )

  /** What is known, for people; a renewal is to learn that it was too little. */
  async function sentiment(urgency?: Urgency): Promise<Answer<Sentiment>> {
    if (partial && partial.freshUntil > Date.now() && urgency !== 'renewal') return partial
    partial = undefined
    try {
      return await scoredSentiment(urgency)
    } catch (error) {
      if (!(error instanceof TooLittleKnown) || !error.sentiment || urgency === 'renewal') throw error
      const receivedAt = Date.now()
      const freshUntil = receivedAt + PARTIAL_FRESH_MS
      partial = answerOf(error.sentiment, { receivedAt, freshUntil, staleUntil: freshUntil })
      return partial
    }
  }

  async function knownQuotes() {
    const home = clock.calendars.find(({ exchange }) => exchange === HOME_EXCHANGE)
    return home ? lastGood.quotesSince(lastSession(home, Date.now()).regular.open) : []
  }

  function status(): Answer<MarketStatus> {
    const now = Date.now()
    const { status: value, nextChange } = marketStatusAt(clock, now)
    const freshUntil = Math.min(nextChange, now + STATUS_FRESH_MS)
    return answerOf(value, { receivedAt: now, freshUntil, staleUntil: freshUntil })
  }

  const overview = createOverview({ indices, sectors, movers, sentiment, status })
  return {
    indices,
    sectors,
    movers,
    topMovers,
    marketNews,
    sentiment,
    overview: (priority?: Priority) => overview(priority),
    status
  }
}

/** As a vendor tells them; where none does, by the funds that stand for them, whose quotes more vendors have. */
async function sectorsOf(gateway: Gateway, ask: Ask): Promise<Sectors> {
  try {
    return await gateway.sectors(ask)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const answers = await gateway.quotes(Object.keys(SECTOR_FUNDS), ask)
    const quotes = [...answers.values()].flatMap((answer) => (answer instanceof Error ? [] : [answer]))
    const sectors = quotes.flatMap(({ symbol, changePercent, asOf }) =>
      changePercent === undefined ? [] : [{ sector: SECTOR_FUNDS[symbol]!, changePercent, asOf }]
    )
    if (sectors.length === 0) throw error
    const told = sectors.map(({ sector }) => sector)
    const missing = Object.values(SECTOR_FUNDS).filter((sector) => !told.includes(sector))
    const notes = [
      'each sector is told by the change of its Select Sector SPDR fund',
      ...(missing.length > 0 ? [`no figure for ${missing.join(', ')}`] : [])
    ]
    const provenance = combinedProvenance(
      quotes.map((quote) => quote.provenance),
      notes
    )
    return { sectors, provenance }
  }
}
