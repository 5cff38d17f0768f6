// https://www.tiingo.com/documentation
import { isIntraday } from '../../market/bar.ts'
import type { Provider } from '../provider.ts'
import { ofRange } from '../series-range.ts'
import { loadDividends, loadSplits } from './actions.ts'
import { loadBars } from './bars.ts'
import { createTiingo, wireOf, type TiingoOptions } from './client.ts'
import { loadMarketNews, loadMatches, loadNews, loadProfile } from './company.ts'
import { FUNDAMENTALS_CALLS, loadFundamentals } from './fundamentals.ts'
import { loadQuotes } from './quotes.ts'

/** The vendor tells no limit; longer lists make the address too long for the servers before it. */
const MAX_SYMBOLS_PER_BATCH = 100

/** Tiingo: end-of-day history of all venues, and live quotes and intraday bars of IEX. Listings in New York only. */
export function tiingo(options: TiingoOptions): Provider & { close(): Promise<void> } {
  const client = createTiingo(options)
  return {
    name: 'tiingo',
    maxQuotesPerRequest: MAX_SYMBOLS_PER_BATCH,
    cost: { profile: options.plan === 'free' ? 1 : 2, fundamentals: FUNDAMENTALS_CALLS },
    // Bars within the day are adjusted by daily rows.
    costOfBars: ({ interval, adjusted }) => (isIntraday(interval) && adjusted !== 'none' ? 2 : 1),
    covers: (symbol) => wireOf(symbol) !== undefined,
    quotes: (symbols, signal) => loadQuotes(client, symbols, signal),
    bars: async (request, signal) =>
      ofRange('tiingo', await loadBars(client, request, signal), request, {
        now: client.now(),
        hoursOf: client.hoursOf
      }),
    profile: (symbol, signal) => loadProfile(client, symbol, signal),
    news: (symbol, limit, signal) => loadNews(client, symbol, limit, signal),
    marketNews: (limit, signal) => loadMarketNews(client, limit, signal),
    search: (query, limit, signal) => loadMatches(client, query, limit, signal),
    fundamentals: (symbol, signal) => loadFundamentals(client, symbol, signal),
    splits: (symbol, signal) => loadSplits(client, symbol, signal),
    dividends: (symbol, signal) => loadDividends(client, symbol, signal),
    close: () => client.close()
  }
}
