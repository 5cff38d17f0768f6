import type { Provider } from '../provider.ts'
import { fetchBars } from './bars.ts'
import { fetchDividends, fetchSplits } from './corporate-actions.ts'
import { fetchFundamentals } from './fundamentals.ts'
import { fetchIndices, fetchMovers, fetchSectors } from './market-wide.ts'
import { fetchNews } from './news.ts'
import { fetchOptions } from './options.ts'
import { fetchProfile } from './profile.ts'
import { fetchQuotes } from './quotes.ts'
import { fetchSearch } from './search.ts'
import { YahooSession, type YahooSessionOptions } from './client.ts'
import { covers } from './symbols.ts'

const MAX_QUOTES_PER_REQUEST = 100

export type YahooOptions = YahooSessionOptions & { now?: () => number }

/**
 * Yahoo Finance: free and wide, without a key, a contract or a documentation. It is spoken to through yahoo-finance2.
 * `close` ends its connections, and the requests that are under way.
 */
export function yahoo({ now = Date.now, ...options }: YahooOptions): Provider & { close(): Promise<void> } {
  const session = new YahooSession(options)
  return {
    name: 'yahoo',
    maxQuotesPerRequest: MAX_QUOTES_PER_REQUEST,
    cost: { fundamentals: 2 },
    covers,
    quotes: (symbols, signal) => fetchQuotes(session, symbols, signal, now),
    bars: (request, signal) => fetchBars(session, request, signal, now),
    profile: (symbol, signal) => fetchProfile(session, symbol, signal, now),
    news: (symbol, limit, signal) => fetchNews(session, symbol, limit, signal, now),
    search: (query, limit, signal) => fetchSearch(session, query, limit, signal, now),
    indices: (signal) => fetchIndices(session, signal, now),
    sectors: (signal) => fetchSectors(session, signal, now),
    movers: (type, signal) => fetchMovers(session, type, signal, now),
    options: (symbol, expiry, signal) => fetchOptions(session, symbol, expiry, signal, now),
    fundamentals: (symbol, signal) => fetchFundamentals(session, symbol, signal, now),
    splits: (symbol, signal) => fetchSplits(session, symbol, signal, now),
    dividends: (symbol, signal) => fetchDividends(session, symbol, signal, now),
    close: () => session.close()
  }
}
