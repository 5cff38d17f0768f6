import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { ApiError } from '../errors.ts'
import type { BarRequest, BarSeries } from '../market/bar.ts'
import type { Dividends, Splits } from '../market/corporate-action.ts'
import type { ExplainedProvider } from '../market/explanation.ts'
import type { Fundamentals } from '../market/fundamentals.ts'
import type { Priority } from '../market/market-data.ts'
import type { HoursOf } from '../market/market-hours.ts'
import type { News } from '../market/news.ts'
import type { OptionChain } from '../market/option-chain.ts'
import type { Profile } from '../market/profile.ts'
import { widestHoursOf } from '../market/widest-hours.ts'
import type { ProviderStatus } from '../market/provider-status.ts'
import type { Quote } from '../market/quote.ts'
import type { SearchResult } from '../market/search.ts'
import type { Capability, Provider, ProviderName } from '../providers/provider.ts'
import { sellsFewCalls } from './budget.ts'
import { Circuits } from './circuits.ts'
import { explainQuote } from './explanations.ts'
import { createFallback } from './fallback.ts'
import { Ledger } from './ledger.ts'
import { createMarketWide, type MarketWide } from './market-wide.ts'
import { barsWhileShut, nothingFound } from './nothing-found.ts'
import { judgeOptions } from './option-quality.ts'
import { judgeDividends } from './payout-quality.ts'
import { ProviderCalls } from './provider-calls.ts'
import { ProviderHealths } from './provider-health.ts'
import type { CallOutcome } from './provider-record.ts'
import { providerStatuses, type ProviderPlans } from './provider-statuses.ts'
import type { Arbitration, Offer, Sourced } from './fallback-run.ts'
import { quoteDivergence, type Severity } from './quality.ts'
import { createSingle, type Ask } from './single-question.ts'
import { whileOpen } from './session-state.ts'
import { judgeFundamentals } from './statement-quality.ts'
import { judgeNews } from './story-quality.ts'
import { judgeSeries } from './series-judgement.ts'
import { createKnownSplits, judgeAcrossSplits } from './splits.ts'

/**
 * The market as the vendors tell it now: one good answer out of many providers, with no memory of past ones.
 * Methods reject with SymbolNotFound or MarketDataUnavailable; `quotes` gives those per symbol instead.
 */
export interface Gateway extends MarketWide {
  quotes(symbols: readonly string[], ask: Ask): Promise<Map<string, Quote | ApiError>>
  bars(request: BarRequest, ask: Ask): Promise<BarSeries>
  profile(symbol: string, ask: Ask): Promise<Profile>
  news(symbol: string, limit: number, ask: Ask): Promise<News>
  search(query: string, limit: number, ask: Ask): Promise<SearchResult>
  fundamentals(symbol: string, ask: Ask): Promise<Fundamentals>
  splits(symbol: string, ask: Ask): Promise<Splits>
  dividends(symbol: string, ask: Ask): Promise<Dividends>
  options(symbol: string, expiry: string | undefined, ask: Ask): Promise<OptionChain>
  /** Asks every enabled provider for a quote now, within budgets and circuits; `held` is what is served. */
  explainQuote(symbol: string, held: Quote | undefined, ask: Ask): Promise<ExplainedProvider[]>
  status(): Promise<ProviderStatus[]>
  /** Ends the calls under way and the polling of shared state. */
  close(): void
}

/** What happened, for metrics and for the record. Listeners must not throw and are not waited for. */
export type GatewayEvents = {
  call(provider: ProviderName, capability: Capability, outcome: CallOutcome, durationMs: number): void
  /** A quote broke a rule and was refused (`hard`), or was contradicted or left unconfirmed (`soft`). */
  quarantined(event: {
    symbol: string
    provider: ProviderName
    rule: string
    severity: Severity
    reason: string
    quote: Quote
  }): void
  diverged(event: { symbol: string; percent: number; providers: [string, string] }): void
}

export type GatewayOptions = {
  /** The enabled providers. */
  providers: ReadonlyMap<ProviderName, Provider>
  /** The others, and why each is off. */
  off: ReadonlyMap<ProviderName, string>
  plans: ProviderPlans
  order: Readonly<Record<Capability, readonly ProviderName[]>>
  /** Carries budgets and circuits to all processes. */
  redis: Redis
  /** Share of the budgets that background work leaves to people. */
  reservePercent: number
  /** Share of the budgets that one user may spend. */
  userSharePercent: () => number
  /** One try of one provider. */
  upstreamTimeoutMs: number
  /** All providers together. */
  requestDeadlineMs: number
  /** Prices of two providers further apart than this contradict each other. */
  divergencePercent: number
  market: 'live' | 'sandbox'
  /** When markets are open. */
  hoursOf: HoursOf
  events: GatewayEvents
  log: Pick<Logger, 'error' | 'warn' | 'info'>
  now?: () => number
}

/** How much of the time for one request a doubtful quote may wait for the splits that would explain it. */
const SHARE_FOR_SPLITS = 0.25

export function createGateway(options: GatewayOptions): Gateway {
  const { providers, off, plans, order, redis, reservePercent, userSharePercent } = options
  const { events, log, hoursOf, now = Date.now } = options
  const { upstreamTimeoutMs, requestDeadlineMs } = options
  const budgets = new Map([...providers.keys()].map((name) => [name, plans[name].budget]))
  const sparing = new Set([...budgets].flatMap(([name, budget]) => (sellsFewCalls(budget) ? [name] : [])))
  const ledger = new Ledger({ redis, budgets, reservePercent, userSharePercent, log, now })
  const circuits = new Circuits({ redis, now })
  const healths = new ProviderHealths(redis)
  const calls = new ProviderCalls({
    circuits,
    ledger,
    healths,
    upstreamTimeoutMs,
    requestDeadlineMs,
    log,
    now,
    onCall: (...call) => events.call(...call)
  })
  const fallback = createFallback({
    capable,
    calls,
    circuits,
    isSparing: (provider) => sparing.has(provider),
    requestDeadlineMs,
    upstreamTimeoutMs,
    now
  })

  function capable(capability: Capability): Provider[] {
    return order[capability].flatMap((name) => {
      const provider = providers.get(name)
      return provider?.[capability] ? [provider] : []
    })
  }

  /** No value of the simulated market may ever pass for a real one. */
  function labelled<T extends Sourced>(value: T): T {
    return options.market === 'live' ? value : { ...value, provenance: { ...value.provenance, feed: 'sandbox' } }
  }

  const onDiverged = (symbol: string, percent: number, providers: [string, string]) =>
    events.diverged({ symbol, percent, providers })

  const quoteArbitration: Arbitration<Quote> = {
    divergencePercent: options.divergencePercent,
    divergence: quoteDivergence,
    onDiverged,
    onDoubted(symbol, { provider, value: quote, doubts }) {
      for (const doubt of doubts) events.quarantined({ ...doubt, symbol, provider, quote })
    }
  }

  const arbitration: Omit<Arbitration<Sourced>, 'nothing'> = {
    divergencePercent: options.divergencePercent,
    onDiverged,
    onDoubted(subject, { provider, doubts }: Offer<Sourced>) {
      log.warn({ subject, provider, doubts }, 'a quality rule doubts what the provider said')
    }
  }

  const one = createSingle(fallback, arbitration, labelled)
  const askSplits = (symbol: string, ask: Ask) =>
    one(symbol, ask, { capability: 'splits', ask: (provider, signal) => provider.splits!(symbol, signal) })
  const knownSplits = createKnownSplits(
    async (symbol, priority) => (await askSplits(symbol, { priority })).splits,
    requestDeadlineMs * SHARE_FOR_SPLITS
  )
  const judge = (quote: Quote, held: Quote | undefined, priority: Priority) =>
    judgeAcrossSplits(quote, { now: now(), held, hoursOf }, () => knownSplits(quote.symbol, priority))

  return {
    quotes: (symbols, { priority, user, held }) =>
      fallback<Quote>({
        ...quoteArbitration,
        capability: 'quotes',
        subjects: symbols,
        priority,
        user,
        isOfSymbols: true,
        isSparing: true,
        chunkSize: ({ maxQuotesPerRequest }) => maxQuotesPerRequest,
        async ask(provider, subjects, signal) {
          const quotes = await provider.quotes!(subjects, signal)
          const told = new Map([...quotes].map(([symbol, quote]) => [symbol, labelled(quote)]))
          return Object.assign(told, { unreadable: quotes.unreadable })
        },
        judge: (quote, symbol) => judge(quote, held?.get(symbol), priority)
      }),
    bars: (request, ask) =>
      one(request.symbol, ask, {
        capability: 'bars',
        requestsOf: (provider) => provider.costOfBars?.(request),
        ask: (provider, signal) => provider.bars!(request, signal),
        judge: (told) => judgeSeries(told, { now: now(), hoursOf }, () => knownSplits(request.symbol, ask.priority))
      }).catch((error: unknown) => barsWhileShut(request, error, { now: now(), hoursOf })),
    profile: (symbol, ask) =>
      one(symbol, ask, { capability: 'profile', ask: (provider, signal) => provider.profile!(symbol, signal) }),
    news: (symbol, limit, ask) =>
      one(symbol, ask, {
        capability: 'news',
        ask: (provider, signal) => provider.news!(symbol, limit, signal),
        judge: (news) => judgeNews(news, now())
      }),
    search: (query, limit, ask) =>
      one(query, ask, {
        capability: 'search',
        isOfSymbols: false,
        isSparing: true,
        ask: (provider, signal) => provider.search!(query, limit, signal)
      }).catch((error: unknown) => labelled(nothingFound(query, error, now()))),
    fundamentals: (symbol, ask) =>
      one(symbol, ask, {
        capability: 'fundamentals',
        ask: (provider, signal) => provider.fundamentals!(symbol, signal),
        judge: (fundamentals) => judgeFundamentals(fundamentals, now())
      }),
    splits: askSplits,
    dividends: (symbol, ask) =>
      one(symbol, ask, {
        capability: 'dividends',
        ask: (provider, signal) => provider.dividends!(symbol, signal),
        judge: (dividends) => judgeDividends(dividends, now(), ask.held?.get(symbol))
      }),
    options: (symbol, expiry, ask) =>
      one(symbol, ask, {
        capability: 'options',
        ask: (provider, signal) => provider.options!(symbol, expiry, signal),
        judge: (chain) => judgeOptions(whileOpen(chain, widestHoursOf(symbol, hoursOf), now()), now())
      }),
    ...createMarketWide(one, { labelled, hoursOf, now }),
    explainQuote(symbol, held, { priority, user }) {
      const asked = capable('quotes')
      return explainQuote(symbol, held, {
        capable: asked,
        others: [...providers.values()].filter((provider) => !asked.includes(provider)),
        off,
        calls,
        label: labelled,
        judge: (quote) => judge(quote, held, priority),
        priority,
        user,
        divergencePercent: options.divergencePercent,
        onDiverged,
        timeoutMs: Math.min(upstreamTimeoutMs, requestDeadlineMs)
      })
    },
    status: () => providerStatuses({ providers, off, plans, ledger, circuits, calls, healths }),
    close() {
      calls.close()
      circuits.close()
    }
  }
}
