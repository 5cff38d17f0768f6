import { LRUCache } from 'lru-cache'
import type { Outcome, Source } from '../cache/source.ts'
import type { Namespace } from '../cache/namespace.ts'
import type { TieredCache } from '../cache/tiered-cache.ts'
import { besideCloses } from './adjusted-closes.ts'
import { barsKey, newsKey, optionsKey, searchKey } from './cache-keys.ts'
import { askOf, cachedValue, type Urgency } from './cached-value.ts'
import { explainTiers, whyChosen } from './explain-tiers.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Ask } from '../gateway/single-question.ts'
import type { BarRequest, BarSeries } from '../market/bar.ts'
import type { CorporateActions, Dividends, Splits } from '../market/corporate-action.ts'
import { quoteUpdate, type MarketEvent } from '../market/event.ts'
import { userOf, type Asker, type MarketData } from '../market/market-data.ts'
import { withTone, type MarketNews, type News } from '../market/news.ts'
import { withExpirations, withGreeks } from '../market/option-greeks.ts'
import type { Profile } from '../market/profile.ts'
import type { Provenance } from '../market/provenance.ts'
import type { Quote } from '../market/quote.ts'
import type { SessionClock } from '../market/session-clock.ts'
import { listedChain, listingOver, type ListedChainOptions } from './listed-chains.ts'
import { createMarketWide, type MarketWideLastGood, type OnExpired } from './market-wide.ts'
import { dividendYieldOf, openChain } from './option-chains.ts'
import { streamedChains } from './streamed-contracts.ts'
import { createPolicies, isListedInIndia } from './policies.ts'
import { createTechnicalAnalysis } from './technical-analysis.ts'
import { unlessUnknown } from './unknown-symbols.ts'

/**
 * Takes values as they arrive that are no events, to be written down later; it never makes the caller wait and never
 * throws.
 */
export type Recorder = {
  snapshot(snapshot: { kind: string; at: string; source: string; value: unknown }): void
  bars(series: BarSeries): void
  profile(profile: Profile): void
  news(news: News | MarketNews): void
  splits(splits: Splits): void
  dividends(dividends: Dividends): void
  /** What has no table of its own; `receivedAt` is ISO. */
  lastGood(entry: { key: string; receivedAt: string; value: unknown }): void
}

/** The last resort: what was written down before. Undefined, or missing, where nothing was. */
export type LastGood = MarketWideLastGood & {
  quotes(symbols: readonly string[]): Promise<ReadonlyMap<string, Quote>>
  bars(request: BarRequest): Promise<BarSeries | undefined>
  profile(symbol: string): Promise<Profile | undefined>
  news(symbol: string, limit: number): Promise<News | undefined>
  corporateActions(symbol: string): Promise<CorporateActions | undefined>
}

/** Of a request's time, for a chain and then for the dividends of its share. */
const SHARE_OF_DEADLINE = 0.75

export type CachedMarketOptions = {
  gateway: Gateway
  cache: TieredCache
  clock: SessionClock
  /** The entrance of every event: it judges, publishes and writes down, and never throws. */
  accept: (event: MarketEvent) => unknown
  recorder: Recorder
  lastGood: LastGood
  onExpired: OnExpired
  /** How often quotes that clients follow are renewed. */
  quoteRefreshMs: number
  /** Known symbols that an unknown one may have been meant to be, best first. */
  suggest: (symbol: string) => string[]
  /** What exchanges list of options. */
  listedOptions: Pick<ListedChainOptions, 'expiries' | 'contracts'>
  /** For what is computed of options: continuously compounded, 0.04 means 4 % a year. */
  riskFreeRate: number
  /** All upstream work for one request. */
  requestDeadlineMs: number
}

/** Of more users than this, some are gathered anew. */
const MAX_QUOTE_SOURCES = 1000

/** Where every value is served from: memory, Redis, the gateway's vendors, then what was persisted. */
export function createCachedMarket(given: CachedMarketOptions): MarketData {
  const { gateway, cache, clock, accept, recorder, lastGood, onExpired } = given
  const { quoteRefreshMs, riskFreeRate, requestDeadlineMs } = given
  const policies = createPolicies(clock, { quoteRefreshMs })
  const quotes = cache.namespace(policies.quote)
  const historical = cache.namespace(policies.historical)
  const profiles = cache.namespace(policies.profile)
  const news = cache.namespace(policies.news)
  const searches = cache.namespace(policies.search)
  const fundamentals = cache.namespace(policies.fundamentals)
  const corporateActions = cache.namespace(policies.corporateActions)
  const options = cache.namespace(policies.options)
  const explanations = cache.namespace(policies.explanations)

  /** What has no table of its own: the newest of each key is written down. */
  const kept = <T extends { provenance: Provenance }>(
    namespace: Namespace<T>,
    key: string,
    asker: Asker | undefined,
    ask: (ask: Ask) => Promise<T>
  ) => {
    const name = `${namespace.policy.name}:${key}`
    return cachedValue(namespace, key, asker, ask, {
      record: (value) => recorder.lastGood({ key: name, receivedAt: value.provenance.receivedAt, value }),
      lastGood: async () => (await lastGood.value(name)) as T | undefined
    })
  }
  const quoteSourceFor = (asker: Asker): Source<Quote> => ({
    async load(symbols, held) {
      const results = await gateway.quotes(symbols, { ...askOf(asker), held })
      for (const result of results.values()) if (!(result instanceof Error)) accept(quoteUpdate(result))
      return results
    },
    lastGood: (symbols) => lastGood.quotes(symbols),
    expired: (_symbol, quote) => onExpired(quoteUpdate(quote), Date.parse(quote.provenance.receivedAt))
  })
  const unnamed = { interactive: quoteSourceFor('interactive'), background: quoteSourceFor('background') }
  /** One for each user, for what is renewed together is gathered by its source. */
  const quoteSources = new LRUCache<string, Source<Quote>>({ max: MAX_QUOTE_SOURCES })
  const quoteSourceOf = (asker: Asker): Source<Quote> => {
    if (typeof asker === 'string') return unnamed[asker]
    const known = quoteSources.get(asker.user)
    if (known) return known
    const source = quoteSourceFor(asker)
    quoteSources.set(asker.user, source)
    return source
  }
  const quoteOutcomes = (symbols: readonly string[], urgency: Urgency) =>
    urgency === 'renewal'
      ? quotes.refresh(symbols, unnamed.background)
      : quotes.getMany(symbols, quoteSourceOf(urgency))
  const askQuotes = async (symbols: readonly string[], urgency: Urgency = 'interactive') => {
    const outcomes = await quoteOutcomes(symbols, urgency)
    return symbols.map((symbol): Outcome<Quote> => outcomes.get(symbol)!)
  }
  const ofKnown = <T>(symbol: string, asker: Asker = 'interactive', work: Promise<T>): Promise<T> =>
    unlessUnknown(work, () => quotes.get(symbol, quoteSourceOf(asker)))
  /** Of whatever age: only payouts are held against it. */
  const lastPrice = async (symbol: string): Promise<Quote | undefined> => {
    const held = (await quotes.heldOutcomes([symbol])).get(symbol)
    if (held && !(held instanceof Error)) return held.value
    const persisted = await lastGood.quotes([symbol]).catch(() => undefined)
    return persisted?.get(symbol)
  }
  const askNews = (symbol: string, limit: number, urgency?: Urgency) =>
    cachedValue(
      news,
      newsKey(symbol, limit),
      urgency,
      async (ask) => {
        const stories = await gateway.news(symbol, limit, ask)
        recorder.news(stories)
        return withTone(stories)
      },
      {
        async lastGood() {
          const stories = await lastGood.news(symbol, limit)
          return stories && withTone(stories)
        }
      }
    )
  const askBars = (request: BarRequest, asker?: Asker) =>
    cachedValue(
      historical,
      barsKey(request),
      asker,
      (ask) => ofKnown(request.symbol, asker, gateway.bars(request, ask)),
      {
        record: (series) => recorder.bars(series),
        lastGood: () => lastGood.bars(request)
      }
    )
  const askActions = (symbol: string, ask: Ask) => actionsOf(gateway, symbol, ask, () => lastPrice(symbol))
  const askFundamentals = (symbol: string, asker?: Asker) =>
    kept(fundamentals, symbol, asker, (ask) => ofKnown(symbol, asker, gateway.fundamentals(symbol, ask)))
  const listing = listingOver(given.listedOptions, quotes, unnamed.background, clock)
  const askOptions = (symbol: string, expiry: string | undefined, asker?: Asker) =>
    kept(options, optionsKey(symbol, expiry), asker, async (ask) => {
      const now = Date.now()
      const listed = isListedInIndia(symbol) ? await listedChain(listing, symbol, expiry, now) : undefined
      const chain = listed
        ? withExpirations(listed, clock, now)
        : await ofKnown(symbol, asker, openChain(gateway, clock, symbol, expiry, ask, now))
      const waitMs = requestDeadlineMs * SHARE_OF_DEADLINE - (Date.now() - now)
      if (chain.contracts.length === 0) return chain
      const dividendYield = await dividendYieldOf(symbol, waitMs, () => askFundamentals(symbol, asker))
      return withGreeks(chain, { riskFreeRate, dividendYield, now })
    })
  const market = createMarketWide({
    gateway,
    cache,
    policies,
    clock,
    accept,
    recorder,
    lastGood,
    onExpired,
    bars: askBars,
    options: askOptions,
    news: askNews
  })

  return {
    refresh: {
      quotes: (symbols) => askQuotes(symbols, 'renewal'),
      news: (symbol, limit) => askNews(symbol, limit, 'renewal'),
      marketNews: () => market.marketNews('renewal'),
      indices: () => market.indices('renewal'),
      sectors: () => market.sectors('renewal'),
      movers: (type) => market.movers(type, 'renewal'),
      sentiment: () => market.sentiment('renewal')
    },
    freshQuote: (symbol) => quotes.fresh(symbol),
    onQuoteChange: (listener) => quotes.memory.onChange(listener),
    countServed: (symbols, times) => quotes.countServed(symbols.length * times),
    async heldQuotes(symbols) {
      const held = await quotes.heldOutcomes(symbols)
      return symbols.map((symbol) => held.get(symbol))
    },
    holdsQuote: (symbol) => quotes.memory.holds(symbol),
    quoteSeen: (symbol, quote) => quotes.memory.supersede(symbol, quote),
    quote: (symbol, asker = 'interactive') => quotes.get(symbol, quoteSourceOf(asker)),
    quotes: askQuotes,
    bars: askBars,
    async barsBesideCloses(request, closesAdjusted, asker) {
      const asked = [request, { ...request, adjusted: closesAdjusted }].map((each) => askBars(each, asker))
      const [series, closes] = await Promise.all(asked)
      return besideCloses(series!, closes!)
    },
    profile: (symbol, asker) =>
      cachedValue(profiles, symbol, asker, (ask) => ofKnown(symbol, asker, gateway.profile(symbol, ask)), {
        record: (profile) => recorder.profile(profile),
        lastGood: () => lastGood.profile(symbol)
      }),
    news: askNews,
    marketNews: market.marketNews,
    search: (query, limit, asker) =>
      cachedValue(searches, searchKey(query, limit), asker, (ask) => gateway.search(query, limit, ask)),
    fundamentals: askFundamentals,
    corporateActions: (symbol, asker) =>
      cachedValue(corporateActions, symbol, asker, (ask) => ofKnown(symbol, asker, askActions(symbol, ask)), {
        record(actions) {
          if (actions.splits) recorder.splits(actions.splits)
          if (actions.dividends) recorder.dividends(actions.dividends)
        },
        lastGood: () => lastGood.corporateActions(symbol)
      }),
    options: streamedChains({ ask: askOptions, quotes, held: listing.held, policy: options.policy }),
    indices: market.indices,
    sectors: market.sectors,
    movers: market.movers,
    topMovers: market.topMovers,
    sentiment: market.sentiment,
    overview: market.overview,
    status: market.status,
    ...createTechnicalAnalysis(askBars),
    suggest: given.suggest,
    providers: () => gateway.status(),
    cacheStats: () => cache.stats(),
    async explain(symbol, asker = 'background') {
      const served = await quotes.get(symbol, unnamed.background).catch((error: unknown) => error as Error)
      const chosen = served instanceof Error ? undefined : served.value
      const askProviders = async (ask: Ask) => {
        const askedAt = new Date().toISOString()
        return { askedAt, providers: await gateway.explainQuote(symbol, chosen, { ...ask, user: userOf(asker) }) }
      }
      const [tiers, asked] = await Promise.all([
        explainTiers(await quotes.inspect(symbol), async () => (await lastGood.quotes([symbol])).get(symbol)),
        cachedValue(explanations, symbol, 'background', askProviders)
      ])
      const chosenBecause = served instanceof Error ? served.message : whyChosen(served)
      return { symbol, ...(chosen && { chosen }), chosenBecause, cache: tiers, ...asked.value }
    }
  }
}

/** Splits and dividends come from whoever has them; one of the two is better than neither. */
async function actionsOf(
  gateway: Gateway,
  symbol: string,
  ask: Ask,
  lastPrice: () => Promise<Quote | undefined>
): Promise<CorporateActions> {
  const askDividends = async () => {
    const price = await lastPrice()
    return gateway.dividends(symbol, { ...ask, ...(price && { held: new Map([[symbol, price]]) }) })
  }
  const [splits, dividends] = await Promise.allSettled([gateway.splits(symbol, ask), askDividends()])
  if (splits.status === 'rejected' && dividends.status === 'rejected') throw splits.reason
  return {
    symbol,
    ...(splits.status === 'fulfilled' && { splits: splits.value }),
    ...(dividends.status === 'fulfilled' && { dividends: dividends.value })
  }
}
