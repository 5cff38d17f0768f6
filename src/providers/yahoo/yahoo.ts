import type { HoursOf } from '../../market/market-hours.ts'
import type { Provider } from '../provider.ts'
import { ofRange } from '../series-range.ts'
import { barsCost, fetchBars } from './bars.ts'
import { fetchDividends, fetchSplits } from './corporate-actions.ts'
import { fetchFundamentals } from './fundamentals.ts'
import { fetchIndices, fetchMovers, fetchSectors } from './market-wide.ts'
import { fetchNews } from './news.ts'
import { fetchOptions } from './options.ts'
import { fetchProfile } from './profile.ts'
import { fetchQuotes } from './quotes.ts'
import { fetchSearch } from './search.ts'
import { YahooClient, type YahooClientOptions } from './client.ts'
import { covers } from './symbols.ts'

const MAX_QUOTES_PER_REQUEST = 100

export type YahooOptions = YahooClientOptions & {
  now?: () => number
  /** When markets are open. */
  hoursOf: HoursOf
}

/**
 * Yahoo Finance: free and wide, without a key, a contract or a documentation. It is spoken to through yahoo-finance2.
 * `close` ends its connections, and the requests that are under way.
 */
export function yahoo({ now = Date.now, hoursOf, ...options }: YahooOptions): Provider & { close(): Promise<void> } {
  const client = new YahooClient(options)
  return {
    name: 'yahoo',
    maxQuotesPerRequest: MAX_QUOTES_PER_REQUEST,
    cost: { fundamentals: 2 },
    costOfBars: (request) => barsCost(request, now()),
    covers,
    quotes: (symbols, signal) => fetchQuotes(client, symbols, signal, now),
    bars: async (request, signal) =>
      ofRange('yahoo', await fetchBars(client, request, signal, { now, hoursOf }), request, { now: now(), hoursOf }),
    profile: (symbol, signal) => fetchProfile(client, symbol, signal, now),
    news: (symbol, limit, signal) => fetchNews(client, symbol, limit, signal, now),
    search: (query, limit, signal) => fetchSearch(client, query, limit, signal, now),
    indices: (signal) => fetchIndices(client, signal, now),
    sectors: (signal) => fetchSectors(client, signal, now),
    movers: (type, signal) => fetchMovers(client, type, signal, now),
    options: (symbol, expiry, signal) => fetchOptions(client, symbol, expiry, signal, now),
    fundamentals: (symbol, signal) => fetchFundamentals(client, symbol, signal, now),
    splits: (symbol, signal) => fetchSplits(client, symbol, signal, now),
    dividends: (symbol, signal) => fetchDividends(client, symbol, signal, now),
    close: () => client.close()
  }
}
