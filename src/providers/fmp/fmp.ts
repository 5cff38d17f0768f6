// https://site.financialmodelingprep.com/developer/docs
import { loadBars } from './bars.ts'
import { loadDividends, loadSplits } from './actions.ts'
import { createFmp, type FmpOptions } from './client.ts'
import { loadMarketNews, loadMatches, loadNews, loadProfile } from './company.ts'
import { FUNDAMENTALS_CALLS, loadFundamentals } from './fundamentals.ts'
import { listingOf } from './listing.ts'
import { FREE_INDICES, loadIndices, loadMovers, loadSectors, SECTOR_EXCHANGES } from './market-wide.ts'
import { loadQuotes } from './quotes.ts'
import type { Provider } from '../provider.ts'
import { ofRange } from '../series-range.ts'

/** The vendor tells no limit; longer lists make the address too long for the servers before it. */
const MAX_SYMBOLS_PER_BATCH = 100

/** Financial Modeling Prep, through its `/stable` endpoints. `plan` says what the key may use, and how it is limited. */
export function fmp(options: FmpOptions): Provider & { close(): Promise<void> } {
  const client = createFmp(options)
  const isFree = options.plan === 'free'
  return {
    name: 'fmp',
    maxQuotesPerRequest: isFree ? 1 : MAX_SYMBOLS_PER_BATCH,
    cost: {
      search: 2,
      indices: isFree ? FREE_INDICES.length : 1,
      sectors: SECTOR_EXCHANGES.length,
      fundamentals: FUNDAMENTALS_CALLS
    },
    covers: (symbol) => listingOf(symbol) !== undefined,
    quotes: (symbols, signal) => loadQuotes(client, symbols, signal),
    bars: async (request, signal) =>
      ofRange('fmp', await loadBars(client, request, signal), request, { now: client.now(), hoursOf: client.hoursOf }),
    profile: (symbol, signal) => loadProfile(client, symbol, signal),
    news: (symbol, limit, signal) => loadNews(client, symbol, limit, signal),
    marketNews: (limit, signal) => loadMarketNews(client, limit, signal),
    search: (query, limit, signal) => loadMatches(client, query, limit, signal),
    indices: (signal) => loadIndices(client, signal),
    sectors: (signal) => loadSectors(client, signal),
    movers: (type, signal) => loadMovers(client, type, signal),
    fundamentals: (symbol, signal) => loadFundamentals(client, symbol, signal),
    splits: (symbol, signal) => loadSplits(client, symbol, signal),
    dividends: (symbol, signal) => loadDividends(client, symbol, signal),
    close: () => client.close()
  }
}
