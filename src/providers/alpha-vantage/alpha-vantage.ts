import type { HoursOf } from '../../market/market-hours.ts'
import type { Quote } from '../../market/quote.ts'
import type { Provider } from '../provider.ts'
import { ofRange } from '../series-range.ts'
import { dividends, splits } from './actions.ts'
import { fetchBars } from './bars.ts'
import { createClient, PROVIDER, refused, unlessNotFound, type AlphaVantageClientOptions } from './client.ts'
import { fundamentals, FUNDAMENTALS_COST } from './fundamentals.ts'
import { listingOf, type Listing } from './listing.ts'
import { movers } from './movers.ts'
import { marketNews, news } from './news.ts'
import { options } from './options.ts'
import { createPriceUnits } from './price-unit.ts'
import { profile } from './profile.ts'
import { fetchQuote } from './quote.ts'
import { search } from './search.ts'

const NEW_YORK = 'America/New_York'

export type AlphaVantageOptions = Omit<AlphaVantageClientOptions, 'now'> & {
  /** Epoch milliseconds. */
  now?: () => number
  /** When markets are open. */
  hoursOf: HoursOf
}

/**
 * Alpha Vantage (https://www.alphavantage.co/documentation/). Every refusal comes with status 200; prices are those of
 * the last session. It has no indices and no sectors any more, and its bulk quotes are made up without an entitlement.
 * The free plan grants one request a second: no statements there, for they take three, and no weight on bars, for a
 * budget of one a second could never grant two.
 */
export function alphaVantage({ now = Date.now, hoursOf, ...connection }: AlphaVantageOptions) {
  const { plan } = connection
  const client = createClient({ ...connection, now })
  const unitOf = createPriceUnits(client)

  return {
    name: PROVIDER,
    maxQuotesPerRequest: 1,
    cost: plan === 'free' ? {} : { fundamentals: FUNDAMENTALS_COST },
    costOfBars: ({ adjusted }) => (plan !== 'free' && adjusted === 'splits' ? 2 : 1),
    /** Options are those of the United States. */
    covers(symbol, capability) {
      const listing = listingOf(symbol)
      return listing !== undefined && (capability !== 'options' || listing.exchange.timeZone === NEW_YORK)
    },

    async quotes(symbols, signal) {
      const quotes = new Map<string, Quote>()
      for (const symbol of symbols) {
        const listing = covered(symbol)
        const unit = await unitOf(listing, signal)
        const quote = await fetchQuote(client, symbol, listing, unit, signal, { now, hours: hoursOf(symbol) }).catch(
          unlessNotFound
        )
        if (quote) quotes.set(symbol, quote)
      }
      return quotes
    },
    async bars(request, signal) {
      const listing = covered(request.symbol)
      const series = await fetchBars(client, request, listing, await unitOf(listing, signal), signal, { now, plan })
      return ofRange(PROVIDER, series, request, { now: now(), hoursOf })
    },
    profile: async (symbol, signal) => profile(client, symbol, covered(symbol), signal, now),
    news: async (symbol, limit, signal) => news(client, symbol, covered(symbol), limit, signal, now),
    marketNews: (limit, signal) => marketNews(client, limit, signal, now),
    search: (query, limit, signal) => search(client, query, limit, signal, now),
    movers: (type, signal) => movers(client, type, signal, now),
    options: async (symbol, expiry, signal) => options(client, symbol, covered(symbol), expiry, signal, now),
    ...(plan !== 'free' && {
      fundamentals: async (symbol: string, signal: AbortSignal) =>
        fundamentals(client, symbol, covered(symbol), signal, now)
    }),
    splits: async (symbol, signal) => splits(client, symbol, covered(symbol), signal, now),
    async dividends(symbol, signal) {
      const listing = covered(symbol)
      return dividends(client, symbol, listing, await unitOf(listing, signal), signal, now)
    },
    close: () => client.close()
  } satisfies Provider & { close(): Promise<void> }
}

function covered(symbol: string): Listing {
  const listing = listingOf(symbol)
  if (!listing) throw refused('not_covered', `does not sell ${symbol}`)
  return listing
}
