import { answerOf } from '../cache/entry.ts'
import type { Outcome, Source } from '../cache/source.ts'
import type { Namespace } from '../cache/namespace.ts'
import type { TieredCache } from '../cache/tiered-cache.ts'
import { cachedValue, type Urgency } from './cached-value.ts'
import { explainTiers } from './explain-tiers.ts'
import { barsWithWarmUp, computeIndicators, onlyIndicator, resolveIndicators } from './indicator-series.ts'
import type { Ask, Gateway } from '../gateway/gateway.ts'
import { CONFIRMED } from '../gateway/pursuit.ts'
import type { BarRequest, BarSeries } from '../market/bar.ts'
import type { CorporateActions, Dividends, Splits } from '../market/corporate-action.ts'
import { quoteUpdate } from '../market/event.ts'
import type { IndicatorRequest, IndicatorSet } from '../market/indicator.ts'
import type { Answer, MarketData, Priority } from '../market/market-data.ts'
import { withTone, type News } from '../market/news.ts'
import { withGreeks } from '../market/option-greeks.ts'
import type { Profile } from '../market/profile.ts'
import type { Provenance } from '../market/provenance.ts'
import type { Quote } from '../market/quote.ts'
import type { SessionClock } from '../market/session-clock.ts'
import { createMarketWide, type MarketWideLastGood, type MarketWideRecorder, type OnOutlived } from './market-wide.ts'
import { createPolicies } from './policies.ts'

/** Takes values as they arrive, to be written down later; it never makes the caller wait and never throws. */
export type Recorder = MarketWideRecorder & {
  quote(quote: Quote): void
  bars(series: BarSeries): void
  profile(profile: Profile): void
  news(news: News): void
  splits(splits: Splits): void
  dividends(dividends: Dividends): void
}

/** The last rung of the ladder: what was written down before. Undefined where nothing was. */
export type LastGood = MarketWideLastGood & {
  quote(symbol: string): Promise<Quote | undefined>
  bars(request: BarRequest): Promise<BarSeries | undefined>
  profile(symbol: string): Promise<Profile | undefined>
  news(symbol: string, limit: number): Promise<News | undefined>
  corporateActions(symbol: string): Promise<CorporateActions | undefined>
}

export type CachedMarketOptions = {
  gateway: Gateway
  cache: TieredCache
  clock: SessionClock
  recorder: Recorder
  lastGood: LastGood
  onOutlived: OnOutlived
  /** How often quotes that clients follow are renewed. */
  quoteRefreshMs: number
  /** For what is computed of options: continuously compounded, 0.04 means 4 % a year. */
  riskFreeRate: number
}

/** The ladder that every value is served from: memory, Redis, the gateway's vendors, then what was persisted. */
export function createCachedMarket(given: CachedMarketOptions): MarketData {
  const { gateway, cache, clock, recorder, lastGood, onOutlived, quoteRefreshMs, riskFreeRate } = given
  const policies = createPolicies(clock, { quoteRefreshMs })
  const quotes = cache.namespace(policies.quote)
  const historical = cache.namespace(policies.historical)
  const profiles = cache.namespace(policies.profile)
  const news = cache.namespace(policies.news)
  const searches = cache.namespace(policies.search)
  const fundamentals = cache.namespace(policies.fundamentals)
  const corporateActions = cache.namespace(policies.corporateActions)
  const options = cache.namespace(policies.options)

  /** What has no table of its own: of what changes all day, each day's last is written down. */
  const kept = <T extends { provenance: Provenance }>(
    namespace: Namespace<T>,
    key: string,
    priority: Priority | undefined,
    ask: (ask: Ask) => Promise<T>
  ) => {
    const kind = `${namespace.policy.name}:${key}`
    return cachedValue(namespace, key, priority, ask, {
      record(value) {
        const { receivedAt, source } = value.provenance
        recorder.snapshot({ kind, at: `${receivedAt.slice(0, 10)}T00:00:00.000Z`, source, value })
      },
      lastGood: async () => (await lastGood.snapshot(kind)) as T | undefined
    })
  }
  const quoteSourceFor = (priority: Priority): Source<Quote> => ({
    async load(symbols, held) {
      const results = await gateway.quotes(symbols, { priority, held })
      for (const result of results.values()) if (!(result instanceof Error)) recorder.quote(result)
      return results
    },
    lastGood: (symbol) => lastGood.quote(symbol),
    outlived: (_symbol, quote) => onOutlived(quoteUpdate(quote), Date.parse(quote.provenance.receivedAt))
  })
  const quoteSource = { interactive: quoteSourceFor('interactive'), background: quoteSourceFor('background') }
  const quoteOutcomes = (symbols: readonly string[], urgency: Urgency) =>
    urgency === 'renewal'
      ? quotes.refresh(symbols, quoteSource.background)
      : quotes.getMany(symbols, quoteSource[urgency])
  const askQuotes = async (symbols: readonly string[], urgency: Urgency = 'interactive') => {
    const outcomes = await quoteOutcomes(symbols, urgency)
    return symbols.map((symbol): Outcome<Quote> => outcomes.get(symbol)!)
  }
  const askNews = (symbol: string, limit: number, urgency?: Urgency) =>
    cachedValue(
      news,
      `${symbol}:${limit}`,
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
  const askBars = (request: BarRequest, priority?: Priority) =>
    cachedValue(historical, barsKey(request), priority, (ask) => gateway.bars(request, ask), {
      record: (series) => recorder.bars(series),
      lastGood: () => lastGood.bars(request)
    })
  const askOptions = (symbol: string, expiry: string | undefined, priority?: Priority) =>
    kept(options, expiry ? `${symbol}:${expiry}` : symbol, priority, async (ask) =>
      withGreeks(await gateway.options(symbol, expiry, ask), { riskFreeRate, now: Date.now() })
    )
  const askIndicators = async <T>(
    { indicators, bars }: IndicatorRequest,
    priority: Priority | undefined,
    shape: (set: IndicatorSet) => T
  ) => {
    const resolved = resolveIndicators(indicators)
    const series = await askBars(barsWithWarmUp(resolved, bars, Date.now()), priority)
    return answerOf(shape(computeIndicators(resolved, series.value, bars)), series)
  }
  const market = createMarketWide({
    gateway,
    cache,
    policies,
    clock,
    recorder,
    lastGood,
    onOutlived,
    bars: askBars,
    options: askOptions,
    news: askNews
  })

  return {
    refresh: {
      quotes: (symbols) => askQuotes(symbols, 'renewal'),
      news: (symbol, limit) => askNews(symbol, limit, 'renewal'),
      indices: () => market.indices('renewal'),
      sectors: () => market.sectors('renewal'),
      movers: (type) => market.movers(type, 'renewal'),
      sentiment: () => market.sentiment('renewal')
    },
    freshQuote: (symbol) => quotes.fresh(symbol),
    quotesVersion: () => quotes.memory.version,
    countServed: (symbols, times) => quotes.countServed(symbols.length * times),
    async heldQuotes(symbols) {
      const held = await quotes.heldOutcomes(symbols)
      return symbols.map((symbol) => held.get(symbol))
    },
    holdsOlderQuote: (symbol, receivedAt) => quotes.memory.holdsOlder(symbol, receivedAt),
    quoteSeen(symbol, receivedAt, read) {
      quotes.supersede(symbol, receivedAt, (held) => {
        const quote = read()
        return held && Date.parse(quote.asOf) < Date.parse(held.asOf) ? undefined : quote
      })
    },
    quote: (symbol, priority = 'interactive') => quotes.get(symbol, quoteSource[priority]),
    quotes: askQuotes,
    bars: askBars,
    profile: (symbol, priority) =>
      cachedValue(profiles, symbol, priority, (ask) => gateway.profile(symbol, ask), {
        record: (profile) => recorder.profile(profile),
        lastGood: () => lastGood.profile(symbol)
      }),
    news: askNews,
    search: (query, limit, priority) =>
      cachedValue(searches, `${query.toLowerCase()}:${limit}`, priority, (ask) => gateway.search(query, limit, ask)),
    fundamentals: (symbol, priority) =>
      kept(fundamentals, symbol, priority, (ask) => gateway.fundamentals(symbol, ask)),
    corporateActions: (symbol, priority) =>
      cachedValue(corporateActions, symbol, priority, (ask) => actionsOf(gateway, symbol, ask), {
        record(actions) {
          if (actions.splits) recorder.splits(actions.splits)
          if (actions.dividends) recorder.dividends(actions.dividends)
        },
        lastGood: () => lastGood.corporateActions(symbol)
      }),
    options: askOptions,
    indices: market.indices,
    sectors: market.sectors,
    movers: market.movers,
    topMovers: market.topMovers,
    sentiment: market.sentiment,
    overview: market.overview,
    status: market.status,
    indicators: (request, priority) => askIndicators(request, priority, (set) => set),
    indicator: (request, priority) => askIndicators(request, priority, onlyIndicator),
    providers: () => gateway.status(),
    cacheStats: () => cache.stats(),
    async explain(symbol) {
      const served = await quotes.get(symbol, quoteSource.interactive).catch((error: unknown) => error as Error)
      const chosen = served instanceof Error ? undefined : served.value
      const [tiers, providers] = await Promise.all([
        explainTiers(await quotes.inspect(symbol), () => lastGood.quote(symbol)),
        gateway.explainQuote(symbol, chosen)
      ])
      const chosenBecause = served instanceof Error ? served.message : whyChosen(served)
      return { symbol, ...(chosen && { chosen }), chosenBecause, cache: tiers, providers }
    }
  }
}

/** `AAPL:1y:1d` for a period, `AAPL:2020-01-02..2021-01-04:1d` for a range; the adjustment follows where not `splits`. */
function barsKey({ symbol, interval, from, to, adjusted, period }: BarRequest): string {
  const range = period ?? `${new Date(from).toISOString()}..${new Date(to).toISOString()}`
  return `${symbol}:${range}:${interval}${adjusted === 'splits' ? '' : `:${adjusted}`}`
}

/** Splits and dividends come from whoever has them; one of the two is better than neither. */
async function actionsOf(gateway: Gateway, symbol: string, ask: Ask): Promise<CorporateActions> {
  const [splits, dividends] = await Promise.allSettled([gateway.splits(symbol, ask), gateway.dividends(symbol, ask)])
  if (splits.status === 'rejected' && dividends.status === 'rejected') throw splits.reason
  return {
    symbol,
    ...(splits.status === 'fulfilled' && { splits: splits.value }),
    ...(dividends.status === 'fulfilled' && { dividends: dividends.value })
  }
}

function whyChosen({ value, receivedAt, freshUntil }: Answer<Quote>): string {
  const { source, state, attempts, notes = [] } = value.provenance
  const now = Date.now()
  const before = attempts.map(({ provider, outcome }) => `${provider} (${outcome})`).join(', ')
  const passed = before ? ` after ${before}` : ''
  const gave = `${source} gave it ${Math.max(0, Math.round((now - receivedAt) / 1000))} s ago${passed}`
  if (state === 'stale' && freshUntil <= now) return `${gave}; it outlived its freshness and is being renewed`
  if (state === 'stale') return `no provider could renew it${passed}; the last good value of ${source} stands in`
  if (state === 'suspect') return `${gave}, a quality rule doubts it and nobody contradicted it`
  const doubt = notes.find((note) => note.endsWith(CONFIRMED))
  return doubt ? `${gave}; ${doubt}` : `${gave} and it passed every quality rule`
}
