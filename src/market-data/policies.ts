import type { NegativePolicy, Policy } from '../cache/policy.ts'
import { SupersededLoad } from '../cache/source.ts'
import { ApiError, MarketDataUnavailable, SymbolNotFound } from '../errors.ts'
import type { BarSeries } from '../market/bar.ts'
import { exchangeOf, INDIAN_COMMODITIES, INDIAN_EXCHANGE } from '../market/calendars.ts'
import type { CorporateActions } from '../market/corporate-action.ts'
import type { AskedProviders } from '../market/explanation.ts'
import type { Fundamentals } from '../market/fundamentals.ts'
import type { Indices, Movers, Sectors } from '../market/market-wide.ts'
import type { MarketNews, News } from '../market/news.ts'
import type { OptionChain } from '../market/option-chain.ts'
import type { Profile } from '../market/profile.ts'
import type { Attempt, Provenance } from '../market/provenance.ts'
import { orderOf } from '../market/order.ts'
import type { Quote } from '../market/quote.ts'
import type { SearchResult } from '../market/search.ts'
import type { ScoredSentiment } from '../market/sentiment.ts'
import type { SessionClock } from '../market/session-clock.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const MIB = 1024 * 1024

/** Of a chain of what this server holds. */
const LISTED_FRESH_MS = 2 * SECOND
/** A value that a quality rule doubts is asked again soon. */
const SUSPECT_FRESH_MS = 10 * SECOND
/** Vendors are up to 20 minutes late. */
const SETTLE_MS = 30 * MINUTE
/** Of most listings the last trade of a session comes within this time before its end. */
const CLOSING_MS = 15 * MINUTE
/** A run that renews quotes begins late and takes its time. */
const RENEWAL_MS = 15 * SECOND
const SYMBOL_ABSENT_MS = 5 * MINUTE
const SYMBOL_UNCONFIRMED_MS = MINUTE

type Sourced = { provenance: Provenance }
type Kept = { freshMs: number; revalidateMs: number; staleMs: number; maxEntries: number; maxBytes: number }

export type Policies = ReturnType<typeof createPolicies>

export type PolicySettings = { quoteRefreshMs: number; now?: () => number }

/** How long each kind of value is fresh, may be renewed behind the scenes, and is kept for bad days. */
export function createPolicies(clock: SessionClock, { quoteRefreshMs, now = Date.now }: PolicySettings) {
  return {
    quote: quotes(clock, quoteFreshMs(quoteRefreshMs), now),
    historical: {
      ...sourced<BarSeries>('historical', 'historical:', {
        freshMs: HOUR,
        revalidateMs: HOUR,
        staleMs: 7 * DAY,
        maxEntries: 2000,
        maxBytes: 128 * MIB
      }),
      areLong: true as const
    },
    profile: sourced<Profile>('profile', 'profile:', slow(30 * MINUTE)),
    news: sourced<News>('news', 'news:', slow(15 * MINUTE)),
    search: {
      ...sourced<SearchResult>('search', 'search:', slow(HOUR)),
      // Who was not asked may know some; a symbol may be listed today.
      freshMs: ({ matches }: SearchResult) => (matches.length > 0 ? HOUR : SYMBOL_ABSENT_MS)
    },
    fundamentals: sourced<Fundamentals>('fundamentals', 'fundamentals:', slow(6 * HOUR)),
    corporateActions: corporateActions(),
    options: optionChains(),
    explanations: explanations(),
    marketNews: sourced<MarketNews>('market-news', 'market:', marketWide(15 * MINUTE)),
    indices: {
      ...sourced<Indices>('indices', 'market:', marketWide(2 * MINUTE)),
      stale: ({ indices, provenance }: Indices, cause: unknown): Indices => ({
        indices: indices.map((index) => ({ ...index, provenance: { ...index.provenance, state: 'stale' } })),
        provenance: staleProvenance(provenance, cause)
      })
    },
    sectors: sourced<Sectors>('sectors', 'market:', marketWide(5 * MINUTE)),
    movers: sourced<Movers>('movers', 'market:', marketWide(5 * MINUTE)),
    sentiment: {
      ...sourced<ScoredSentiment>('sentiment', 'market:', marketWide(5 * MINUTE)),
      // Its parts are of different ages: as a whole it is as old as its making.
      receivedAt: ({ asOf }: ScoredSentiment) => Date.parse(asOf)
    }
  }
}

/** Their chains are made of what streams bring, and cost no vendor's budget. */
export const isListedInIndia = (symbol: string): boolean =>
  [INDIAN_EXCHANGE, INDIAN_COMMODITIES].includes(exchangeOf(symbol) ?? '')

function optionChains(): Policy<OptionChain> {
  const asked = sourced<OptionChain>('options', 'options:', slow(5 * MINUTE))
  return { ...asked, freshMs: (chain) => (isListedInIndia(chain.symbol) ? LISTED_FRESH_MS : asked.freshMs(chain)) }
}

const slow = (freshMs: number): Kept => ({
  freshMs,
  revalidateMs: freshMs,
  staleMs: 7 * DAY,
  maxEntries: 5000,
  maxBytes: 48 * MIB
})

const marketWide = (freshMs: number): Kept => ({
  freshMs,
  revalidateMs: freshMs,
  staleMs: DAY,
  maxEntries: 10,
  maxBytes: 4 * MIB
})

function sourced<T extends Sourced>(name: string, prefix: string, { freshMs, ...kept }: Kept): Policy<T> {
  return {
    name,
    prefix,
    ...kept,
    negative: unknownSymbol,
    freshMs: ({ provenance }) => (provenance.state === 'suspect' ? Math.min(freshMs, SUSPECT_FRESH_MS) : freshMs),
    receivedAt: ({ provenance }) => Date.parse(provenance.receivedAt),
    stale: (value, cause) => ({ ...value, provenance: staleProvenance(value.provenance, cause) })
  }
}

/** A quote in session is fresh for a minute; where quotes are renewed hardly more often, until the next one had the time to come. */
export const quoteFreshMs = (quoteRefreshMs: number): number => Math.max(MINUTE, quoteRefreshMs + RENEWAL_MS)

/**
 * As long as it is fresh in session. Once the vendor and the calendar both say closed, and every delayed vendor has had the time to
 * see the close, nothing can change until the exchange stirs again. A vendor that tells no state says closed by a price
 * of the session's end.
 */
function quotes(clock: SessionClock, freshMs: number, now: () => number): Policy<Quote> {
  const kept = { revalidateMs: 30 * SECOND, staleMs: DAY, maxEntries: 20_000, maxBytes: 64 * MIB }
  const policy = sourced<Quote>('quote', 'quote:', { freshMs, ...kept })
  return {
    ...policy,
    order: orderOf,
    stale(quote, cause) {
      const stale = policy.stale(quote, cause)
      return cause instanceof SupersededLoad ? withNote(stale, olderPriceOf(cause.value as Quote)) : stale
    },
    freshMs(quote) {
      const inSession = policy.freshMs(quote)
      const { symbol, marketState, asOf, provenance } = quote
      if ((marketState ?? 'closed') !== 'closed' || provenance.state === 'suspect') return inSession
      const instant = now()
      const status = clock.statusOfSymbol(symbol, instant)
      if (status?.phase !== 'closed' || instant - status.lastChange < SETTLE_MS) return inSession
      const isOfTheEnd = () => Date.parse(asOf) >= clock.lastEndOfSymbol(symbol, instant)! - CLOSING_MS
      return marketState === 'closed' || isOfTheEnd() ? Math.max(inSession, status.nextChange - instant) : inSession
    }
  }
}

const olderPriceOf = ({ asOf, provenance }: Quote) => `${provenance.source} answered with an older price, of ${asOf}`

function withNote(quote: Quote, note: string): Quote {
  const notes = [...(quote.provenance.notes ?? []).filter((each) => each !== note), note]
  return { ...quote, provenance: { ...quote.provenance, notes } }
}

/** What the vendors said when they were asked for an explanation: nobody needs it when it is older. */
function explanations(): Policy<AskedProviders> {
  return {
    name: 'explain',
    prefix: 'explain:',
    freshMs: () => MINUTE,
    revalidateMs: 0,
    staleMs: 0,
    receivedAt: ({ askedAt }) => Date.parse(askedAt),
    stale: (asked) => asked,
    maxEntries: 1000,
    maxBytes: 16 * MIB
  }
}

/** Splits and dividends each carry their own provenance. */
function corporateActions(): Policy<CorporateActions> {
  const { freshMs, ...kept } = slow(6 * HOUR)
  return {
    name: 'corporate-actions',
    prefix: 'corporate-actions:',
    ...kept,
    negative: unknownSymbol,
    freshMs: () => freshMs,
    receivedAt: ({ splits, dividends }) =>
      Math.min(...[splits, dividends].flatMap((part) => (part ? [Date.parse(part.provenance.receivedAt)] : []))),
    stale: ({ symbol, splits, dividends }, cause) => ({
      symbol,
      ...(splits && { splits: { ...splits, provenance: staleProvenance(splits.provenance, cause) } }),
      ...(dividends && { dividends: { ...dividends, provenance: staleProvenance(dividends.provenance, cause) } })
    })
  }
}

function staleProvenance(provenance: Provenance, cause: unknown): Provenance {
  const attempts =
    cause instanceof ApiError ? (cause.details as { attempts?: Attempt[] } | undefined)?.attempts : undefined
  return { ...provenance, state: 'stale', attempts: attempts ?? provenance.attempts }
}

type UnknownSymbol = {
  readonly symbol: string
  readonly attempts: readonly Attempt[]
  readonly isUnconfirmed?: true
  readonly isLacking?: boolean
  readonly isOutOfCalls?: boolean
}

/**
 * Remembers "no provider knows it", so that a typo in a dashboard costs the vendors one question in five minutes; and for
 * a shorter time that those who could be asked do not know it, for the others may.
 */
const unknownSymbol: NegativePolicy = {
  negativeIn(error) {
    if (error instanceof SymbolNotFound) {
      const { symbol, attempts } = error.details as UnknownSymbol
      return { reason: { symbol, attempts }, forMs: SYMBOL_ABSENT_MS, isUnconfirmed: false }
    }
    if (!(error instanceof MarketDataUnavailable && error.isUnconfirmed)) return undefined
    const { subject: symbol, attempts } = error.details
    // A vendor that told when it can be asked again may have it: nothing is remembered beyond that.
    const wasTold = attempts.some(({ outcome }) => outcome === 'rate_limited')
    const toldMs = wasTold ? (error.retryAfterSeconds ?? 0) * SECOND : Infinity
    const forMs = Math.min(SYMBOL_UNCONFIRMED_MS, toldMs)
    const { isLacking, isOutOfCalls } = error
    return { reason: { symbol, attempts, isUnconfirmed: true, isLacking, isOutOfCalls }, forMs, isUnconfirmed: true }
  },
  errorOf(reason, leftMs) {
    const { symbol, attempts, isUnconfirmed, isLacking = false, isOutOfCalls } = reason as UnknownSymbol
    if (!isUnconfirmed) return new SymbolNotFound(symbol, attempts)
    return new MarketDataUnavailable(symbol, attempts, Math.max(1, Math.ceil(leftMs / SECOND)), {
      isOfSymbol: true,
      isUnconfirmed: true,
      isLacking,
      ...(isOutOfCalls && { isOutOfCalls })
    })
  }
}
