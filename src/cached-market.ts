import type { Namespace, Outcome, Source } from './cache/namespace.ts'
import type { TieredCache } from './cache/tiered-cache.ts'
import { explainTiers } from './explain-tiers.ts'
import type { Ask, Gateway } from './gateway/gateway.ts'
import type { BarRequest, BarSeries } from './market/bar.ts'
import type { CorporateActions, Dividends, Splits } from './market/corporate-action.ts'
import type { Answer, MarketData, Priority } from './market/market-data.ts'
import type { MoverKind } from './market/market-wide.ts'
import type { News } from './market/news.ts'
import type { Profile } from './market/profile.ts'
import type { Provenance } from './market/provenance.ts'
import type { Quote } from './market/quote.ts'
import type { SessionClock } from './market/session-clock.ts'
import { createPolicies } from './policies.ts'

/** Takes values as they arrive, to be written down later; it never makes the caller wait and never throws. */
export type Recorder = {
  quote(quote: Quote): void
  bars(series: BarSeries): void
  profile(profile: Profile): void
  news(news: News): void
  splits(splits: Splits): void
  dividends(dividends: Dividends): void
  /** The market as a whole, as it is served from now on. */
  snapshot(snapshot: { kind: string; at: string; source: string; value: unknown }): void
}

/** The last rung of the ladder: what was written down before. Undefined where nothing was. */
export type LastGood = {
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
}

/** The ladder that every value is served from: memory, Redis, the gateway's vendors, then what was persisted. */
export function createCachedMarket({ gateway, cache, clock, recorder, lastGood }: CachedMarketOptions): MarketData {
  const policies = createPolicies(clock)
  const quotes = cache.namespace(policies.quote)
  const historical = cache.namespace(policies.historical)
  const profiles = cache.namespace(policies.profile)
  const news = cache.namespace(policies.news)
  const searches = cache.namespace(policies.search)
  const fundamentals = cache.namespace(policies.fundamentals)
  const corporateActions = cache.namespace(policies.corporateActions)
  const options = cache.namespace(policies.options)
  const indices = cache.namespace(policies.indices)
  const sectors = cache.namespace(policies.sectors)
  const movers = cache.namespace(policies.movers)

  const quoteSource = (priority: Priority): Source<Quote> => ({
    async load(symbols, held) {
      const results = await gateway.quotes(symbols, { priority, held })
      for (const result of results.values()) if (!(result instanceof Error)) recorder.quote(result)
      return results
    },
    lastGood: (symbol) => lastGood.quote(symbol)
  })
  const quoteOutcomes = (symbols: readonly string[], urgency: Urgency) =>
    urgency === 'renewal'
      ? quotes.refresh(symbols, quoteSource('background'))
      : quotes.getMany(symbols, quoteSource(urgency))
  const askQuotes = async (symbols: readonly string[], urgency: Urgency = 'interactive') => {
    const outcomes = await quoteOutcomes(symbols, urgency)
    return symbols.map((symbol): Outcome<Quote> => outcomes.get(symbol)!)
  }
  const askNews = (symbol: string, limit: number, urgency?: Urgency) =>
    one(news, `${symbol}:${limit}`, urgency, (ask) => gateway.news(symbol, limit, ask), {
      record: (items) => recorder.news(items),
      lastGood: () => lastGood.news(symbol, limit)
    })
  const askMarket = <T extends Sourced>(
    namespace: Namespace<T>,
    kind: string,
    urgency: Urgency | undefined,
    ask: (ask: Ask) => Promise<T>
  ) =>
    one(namespace, kind, urgency, ask, {
      record(value) {
        const { receivedAt: at, source } = value.provenance
        recorder.snapshot({ kind, at, source, value })
      }
    })
  const askIndices = (urgency?: Urgency) => askMarket(indices, 'indices', urgency, (ask) => gateway.indices(ask))
  const askSectors = (urgency?: Urgency) => askMarket(sectors, 'sectors', urgency, (ask) => gateway.sectors(ask))
  const askMovers = (type: MoverKind, urgency?: Urgency) =>
    askMarket(movers, `movers:${type}`, urgency, (ask) => gateway.movers(type, ask))

  return {
    refresh: {
      quotesDueBy: (symbols, instant) => quotes.dueBy(symbols, instant),
      quotes: (symbols) => askQuotes(symbols, 'renewal'),
      news: (symbol, limit) => askNews(symbol, limit, 'renewal'),
      indices: () => askIndices('renewal'),
      sectors: () => askSectors('renewal'),
      movers: (type) => askMovers(type, 'renewal')
    },
    freshQuote: (symbol) => quotes.fresh(symbol),
    quote: (symbol, priority = 'interactive') => quotes.get(symbol, quoteSource(priority)),
    quotes: askQuotes,
    bars: (request, priority) =>
      one(historical, barsKey(request), priority, (ask) => gateway.bars(request, ask), {
        record: (series) => recorder.bars(series),
        lastGood: () => lastGood.bars(request)
      }),
    profile: (symbol, priority) =>
      one(profiles, symbol, priority, (ask) => gateway.profile(symbol, ask), {
        record: (profile) => recorder.profile(profile),
        lastGood: () => lastGood.profile(symbol)
      }),
    news: askNews,
    search: (query, limit, priority) =>
      one(searches, `${query.toLowerCase()}:${limit}`, priority, (ask) => gateway.search(query, limit, ask)),
    fundamentals: (symbol, priority) => one(fundamentals, symbol, priority, (ask) => gateway.fundamentals(symbol, ask)),
    corporateActions: (symbol, priority) =>
      one(corporateActions, symbol, priority, (ask) => actionsOf(gateway, symbol, ask), {
        record(actions) {
          if (actions.splits) recorder.splits(actions.splits)
          if (actions.dividends) recorder.dividends(actions.dividends)
        },
        lastGood: () => lastGood.corporateActions(symbol)
      }),
    options: (symbol, expiry, priority) =>
      one(options, expiry ? `${symbol}:${expiry}` : symbol, priority, (ask) => gateway.options(symbol, expiry, ask)),
    indices: askIndices,
    sectors: askSectors,
    movers: askMovers,
    providers: () => gateway.status(),
    cacheStats: () => cache.stats(),
    async explain(symbol) {
      const served = await quotes.get(symbol, quoteSource('interactive')).catch((error: unknown) => error as Error)
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

/** A renewal is background work that asks even for what is fresh. */
type Urgency = Priority | 'renewal'
type Sourced = { readonly provenance: Provenance }
type Extras<T> = { record?: (value: T) => void; lastGood?: () => Promise<T | undefined> }

/** One key of a namespace, loaded by one call of the gateway. */
async function one<T>(
  namespace: Namespace<T>,
  key: string,
  urgency: Urgency = 'interactive',
  ask: (ask: Ask) => Promise<T>,
  { record, lastGood }: Extras<T> = {}
): Promise<Answer<T>> {
  const source: Source<T> = {
    async load() {
      const value = await ask({ priority: urgency === 'renewal' ? 'background' : urgency })
      record?.(value)
      return new Map([[key, value]])
    },
    ...(lastGood && { lastGood })
  }
  if (urgency !== 'renewal') return namespace.get(key, source)
  const outcome = (await namespace.refresh([key], source)).get(key)!
  if (outcome instanceof Error) throw outcome
  return outcome
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

function whyChosen({ value }: Answer<Quote>): string {
  const { source, state, attempts } = value.provenance
  const before = attempts.map(({ provider, outcome }) => `${provider} (${outcome})`).join(', ')
  const passed = before ? ` after ${before}` : ''
  if (state === 'stale') return `no provider could renew it${passed}; the last good value of ${source} stands in`
  if (state === 'suspect') return `${source} gave it${passed}, a quality rule doubts it and nobody contradicted it`
  return `${source} gave it${passed} and it passed every quality rule`
}
