import type { Adjustment, BarRequest, BarSeries, HistoricalSeries } from './bar.ts'
import type { CacheStats } from './cache-stats.ts'
import type { CorporateActions } from './corporate-action.ts'
import type { Explanation } from './explanation.ts'
import type { Fundamentals } from './fundamentals.ts'
import type { CandlePatternRequest, CandlePatterns } from './candle-pattern.ts'
import type { IndicatorRequest, IndicatorSeries, IndicatorSet } from './indicator.ts'
import type { MarketStatus } from './market-status.ts'
import type { Indices, MoverKind, Movers, Sectors } from './market-wide.ts'
import type { MarketNews, News } from './news.ts'
import type { OptionChain } from './option-chain.ts'
import type { Overview } from './overview.ts'
import type { Profile } from './profile.ts'
import type { ProviderStatus } from './provider-status.ts'
import type { Quote } from './quote.ts'
import type { SearchResult } from './search.ts'
import type { Sentiment } from './sentiment.ts'

/** A value with its JSON, UTF-8. */
export type Encoded<T> = Pick<Answer<T>, 'value' | 'body'>

/**
 * A value that came otherwise than by asking: it is read, and its JSON written, from what brought it, once somebody wants
 * them.
 */
export interface Seen<T> extends Encoded<T> {
  /** Epoch milliseconds. */
  readonly receivedAt: number
  /** Whether it comes before another one of the same key, by their order. */
  comesBefore(other: Seen<T>): boolean
}

/** A value ready to be served: the object, and its JSON encoded once. All instants are epoch milliseconds. */
export type Answer<T> = {
  readonly value: T
  /** The JSON of `value`, UTF-8. */
  readonly body: Buffer
  /** `body` as a string, where it is short and all ASCII: one write takes it together with its headers. */
  readonly text?: string
  /** A strong entity tag of `body`, quotes included. */
  readonly etag: string
  /** When the provider gave the value. */
  readonly receivedAt: number
  /** Until then it is served as it is. */
  readonly freshUntil: number
  /** Until then it may be served labelled `stale` where nothing better can be had. */
  readonly staleUntil: number
}

/** Who waits for the answer: people come before background work when a provider's budget runs low. */
export type Priority = 'interactive' | 'background'

/** Who asks: a user, whose share of the vendors' budgets the answer costs; somebody unnamed; or a job. */
export type Asker = Priority | { readonly user: string }

export function priorityOf(asker: Asker): Priority {
  return asker === 'background' ? 'background' : 'interactive'
}

export function userOf(asker: Asker): string | undefined {
  return typeof asker === 'object' ? asker.user : undefined
}

/**
 * The market, as routes and workers ask it: the cache over the gateway over the providers.
 * Methods reject with the errors of src/errors.ts: SymbolNotFound when every capable provider was asked and does not
 * know the symbol, MarketDataUnavailable (with what was tried) when none answered and no last good value exists.
 */
export interface MarketData {
  readonly refresh: MarketRefresh
  /** The quote if this process's memory holds a fresh one; synchronous, for the hot path. */
  freshQuote(symbol: string): Answer<Quote> | undefined
  /** Calls the listener with each symbol of which this process's memory holds another quote than before, or none any more. */
  onQuoteChange(listener: (symbol: string) => void): void
  /** Counts quotes that were served, so many times, from bytes joined before: nobody looked them up one by one. */
  countServed(symbols: readonly string[], times: number): void
  /**
   * What memory and Redis hold of each symbol, however old: nobody is asked. An error, as `quote` would reject with it,
   * where it is remembered that vendors denied the symbol lately. Order and length as asked.
   */
  heldQuotes(symbols: readonly string[]): Promise<(Answer<Quote> | Error | undefined)[]>
  /** Whether this process's memory holds a quote of the symbol; synchronous. */
  holdsQuote(symbol: string): boolean
  /**
   * Tells of a quote that came otherwise than by asking. Where memory holds one that comes before it, whoever asks next
   * gets this one.
   */
  quoteSeen(symbol: string, quote: Seen<Quote>): void
  quote(symbol: string, asker?: Asker): Promise<Answer<Quote>>
  /** One upstream batch for what is not cached; each symbol succeeds or fails by itself. Order and length as asked. */
  quotes(symbols: readonly string[], asker?: Asker): Promise<(Answer<Quote> | Error)[]>
  bars(request: BarRequest, asker?: Asker): Promise<Answer<BarSeries>>
  /** The same with closes of another adjustment beside those of its bars. Rejects where either cannot be had. */
  barsBesideCloses(request: BarRequest, closesAdjusted: Adjustment, asker?: Asker): Promise<Answer<HistoricalSeries>>
  profile(symbol: string, asker?: Asker): Promise<Answer<Profile>>
  news(symbol: string, limit: number, asker?: Asker): Promise<Answer<News>>
  /** Of all symbols, with the tone of each. */
  marketNews(asker?: Asker): Promise<Answer<MarketNews>>
  search(query: string, limit: number, asker?: Asker): Promise<Answer<SearchResult>>
  fundamentals(symbol: string, asker?: Asker): Promise<Answer<Fundamentals>>
  corporateActions(symbol: string, asker?: Asker): Promise<Answer<CorporateActions>>
  options(symbol: string, expiry: string | undefined, asker?: Asker): Promise<Answer<OptionChain>>
  indices(priority?: Priority): Promise<Answer<Indices>>
  sectors(priority?: Priority): Promise<Answer<Sectors>>
  movers(type: MoverKind, priority?: Priority): Promise<Answer<Movers>>
  /** The first `limit` of them. */
  topMovers(type: MoverKind, limit: number): Promise<Answer<Movers>>
  /** Rejects with MarketDataUnavailable where too few of its components are known. */
  sentiment(priority?: Priority): Promise<Answer<Sentiment>>
  /** All that is market-wide at once; what cannot be had is told in `errors`, so that it never rejects for a vendor. */
  overview(priority?: Priority): Promise<Answer<Overview>>
  /** Rejects with the errors of `bars`, and with INVALID_REQUEST for parameters that an indicator does not take. */
  indicators(request: IndicatorRequest, asker?: Asker): Promise<Answer<IndicatorSet>>
  /** The same for a request of one indicator. */
  indicator(request: IndicatorRequest, asker?: Asker): Promise<Answer<IndicatorSeries>>
  /** Rejects with the errors of `bars`. */
  patterns(request: CandlePatternRequest, asker?: Asker): Promise<Answer<CandlePatterns>>
  /** What each exchange does now, by the calendars. */
  status(): Answer<MarketStatus>
  /** Symbols that an unknown one may have been meant to be, best first; from memory, in less than a millisecond. */
  suggest(symbol: string): string[]
  providers(): Promise<ProviderStatus[]>
  cacheStats(): Promise<CacheStats>
  /**
   * Asks every provider for a quote of the symbol, within the budgets of background work, and tells what each said; what
   * they said is kept for a minute.
   */
  explain(symbol: string, asker?: Asker): Promise<Explanation>
}

/**
 * Renewal before anybody has to wait: asks the vendors, as background work, even for what is still fresh. Where they
 * cannot renew a value the answer is the last good one, labelled stale, or the error.
 */
export interface MarketRefresh {
  /** One upstream batch. Order and length as asked. */
  quotes(symbols: readonly string[]): Promise<(Answer<Quote> | Error)[]>
  news(symbol: string, limit: number): Promise<Answer<News>>
  marketNews(): Promise<Answer<MarketNews>>
  indices(): Promise<Answer<Indices>>
  sectors(): Promise<Answer<Sectors>>
  movers(type: MoverKind): Promise<Answer<Movers>>
  sentiment(): Promise<Answer<Sentiment>>
}
