import type { BarRequest, BarSeries } from '../market/bar.ts'
import type { Dividends, Split, Splits } from '../market/corporate-action.ts'
import type { Fundamentals } from '../market/fundamentals.ts'
import type { InstrumentKind } from '../market/instrument-kind.ts'
import type { Indices, MoverKind, Movers, Sectors } from '../market/market-wide.ts'
import type { MarketNews, News } from '../market/news.ts'
import type { OptionChain } from '../market/option-chain.ts'
import type { Profile } from '../market/profile.ts'
import type { Quote } from '../market/quote.ts'
import type { SearchResult } from '../market/search.ts'

export const PROVIDER_NAMES = ['yahoo', 'fmp', 'alpha-vantage', 'tiingo'] as const
export type ProviderName = (typeof PROVIDER_NAMES)[number]

/** Vendors whose streams are listened to and that sell the past of these. */
export type HistoryName = 'alpaca' | 'massive' | 'upstox' | 'ibkr'
/** Whoever is asked: within a budget, but for the addresses of Upstox' streams and its quotes of what these have no place for. */
export type VendorName = ProviderName | HistoryName

/** A series, and what the vendor said beside it: the rules that judge the series need it, and nobody else gets it. */
export type VendorSeries = BarSeries & {
  readonly kind?: InstrumentKind
  /** What was asked for: by it is known what lacks at either end. */
  readonly range?: Pick<BarRequest, 'from' | 'to'>
  /** Splits that the vendor lists from the first bar on, in any order. */
  readonly splits?: readonly Split[]
  /** Starts of bars that traded by the vendor's word, but that it has no prices of. */
  readonly withoutPrices?: readonly string[]
}

/** Quotes by symbol. `unreadable`: symbols that the vendor told something of, which cannot be read. */
export type QuoteAnswer = Map<string, Quote> & { readonly unreadable?: ReadonlyMap<string, ProviderError> }

/**
 * One upstream REST source. A capability it lacks is an absent method, never a stub.
 * Symbols in and out are canonical; each provider spells its own on the wire.
 * Every method rejects with ProviderError, or with the signal's reason once the signal is aborted; anything else that
 * escapes is a bug. Values come back with provenance whose `attempts` is empty (the gateway fills it).
 */
export interface Provider {
  readonly name: ProviderName
  /** How many symbols one `quotes` request carries upstream; the gateway splits longer lists. */
  readonly maxQuotesPerRequest: number
  /**
   * Whether the vendor can have such a symbol, as far as its spelling and the kind of data tell; pure, asks nobody. What
   * is not covered is not to be asked for: it would spend budget on an answer that is known.
   */
  covers(symbol: string, capability: Capability): boolean
  /**
   * One entry for each symbol that the vendor knows; a covered symbol that it does not know is missing from the map.
   * Symbols that it does not cover are missing too, so ask `covers` before.
   */
  quotes?(symbols: readonly string[], signal: AbortSignal): Promise<QuoteAnswer>
  bars?(request: BarRequest, signal: AbortSignal): Promise<VendorSeries>
  profile?(symbol: string, signal: AbortSignal): Promise<Profile>
  news?(symbol: string, limit: number, signal: AbortSignal): Promise<News>
  /** The newest stories of the whole market. */
  marketNews?(limit: number, signal: AbortSignal): Promise<MarketNews>
  search?(query: string, limit: number, signal: AbortSignal): Promise<SearchResult>
  indices?(signal: AbortSignal): Promise<Indices>
  sectors?(signal: AbortSignal): Promise<Sectors>
  movers?(type: MoverKind, signal: AbortSignal): Promise<Movers>
  options?(symbol: string, expiry: string | undefined, signal: AbortSignal): Promise<OptionChain>
  fundamentals?(symbol: string, signal: AbortSignal): Promise<Fundamentals>
  splits?(symbol: string, signal: AbortSignal): Promise<Splits>
  dividends?(symbol: string, signal: AbortSignal): Promise<Dividends>
  /** Upstream requests that one call costs, where it is not 1 (a call that has to ask two endpoints). */
  readonly cost?: Partial<Record<Capability, number>>
  /** The same of one request for bars, where it depends on what is asked; pure, asks nobody. */
  costOfBars?(request: BarRequest): number
}

export const CAPABILITIES = [
  'quotes',
  'bars',
  'profile',
  'news',
  'marketNews',
  'search',
  'indices',
  'sectors',
  'movers',
  'options',
  'fundamentals',
  'splits',
  'dividends'
] as const
export type Capability = (typeof CAPABILITIES)[number]

/**
 * What the gateway does next depends on the kind, so it is a closed set:
 * `not_found` the vendor was asked and does not know the symbol; `rate_limited` its quota or its edge refuses for now;
 * `unauthorized` the key is wrong; `not_covered` this plan or this symbol is outside what the vendor sells to us;
 * `unavailable` network, timeout or 5xx; `bad_payload` an answer that is not what the vendor documents.
 */
export type ProviderErrorKind =
  'not_found' | 'rate_limited' | 'unauthorized' | 'not_covered' | 'unavailable' | 'bad_payload'

/** How far a rate limit reaches: a burst (seconds), the day's quota, or the address the requests come from. */
export type RateLimitScope = 'second' | 'minute' | 'hour' | 'day' | 'month' | 'address'

/**
 * What a vendor that was asked does not cover: what its plan leaves out says nothing of the symbol, while one that has
 * not this range or interval of bars does not deny that there is such a symbol.
 */
export type NotCoveredBy = 'plan' | 'request'

export type ProviderErrorOptions = ErrorOptions & {
  /** Of `not_covered`; the request unless told. */
  notCoveredBy?: NotCoveredBy
  retryAfterMs?: number
  scope?: RateLimitScope
}

/** A provider did not answer. The message is for people and never holds a key, a crumb or a vendor's body. */
export class ProviderError extends Error {
  readonly provider: VendorName
  readonly kind: ProviderErrorKind
  readonly notCoveredBy: NotCoveredBy | undefined
  readonly retryAfterMs: number | undefined
  readonly scope: RateLimitScope | undefined

  constructor(provider: VendorName, kind: ProviderErrorKind, message: string, options: ProviderErrorOptions = {}) {
    super(message, options)
    this.name = 'ProviderError'
    this.provider = provider
    this.kind = kind
    this.notCoveredBy = kind === 'not_covered' ? (options.notCoveredBy ?? 'request') : undefined
    this.retryAfterMs = options.retryAfterMs
    this.scope = options.scope
  }
}
