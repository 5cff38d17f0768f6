import { answerOf } from '../cache/entry.ts'
import type { TieredCache } from '../cache/tiered-cache.ts'
import { ApiError } from '../errors.ts'
import type { InstrumentKind } from '../market/instrument-kind.ts'
import type { Answer, MarketData } from '../market/market-data.ts'
import type { Quote } from '../market/quote.ts'
import type { SessionClock } from '../market/session-clock.ts'
import type { Stock, StockFilter, StockListing, StockOrder, StockPlace, StockPrice, Stocks } from '../market/stock.ts'
import { isoOf } from '../market/time.ts'
import { cachedValue } from './cached-value.ts'
import { oneMore, pageOf } from './page-cut.ts'
import { stockListing, stockPages, type ListedPage } from './stock-policies.ts'
import { fromProfile, fromQuote, marketHoursOf, priceOf, stockOf } from './stock-parts.ts'
import { labelledNow } from './stored-quote.ts'

/** What is read of Postgres of stocks. */
export type StockStores = {
  readonly stocks: {
    list(filter: StockFilter, order: StockOrder): Promise<{ listing: StockListing; place: StockPlace }[]>
    find(symbol: string): Promise<StockListing | undefined>
  }
  readonly quotes: { latest(symbols: readonly string[]): Promise<ReadonlyMap<string, Quote>> }
}

export type StocksOptions = {
  readonly stores: StockStores
  readonly cache: TieredCache
  readonly marketData: Pick<MarketData, 'quote' | 'profile' | 'heldQuotes'>
  readonly clock: SessionClock
}

const STOCK_KINDS: ReadonlySet<InstrumentKind> = new Set<InstrumentKind>(['equity', 'etf'])

/** Stocks: what Postgres knows of them, kept for the time when it is away, with the prices that readers of quotes get. */
export function createStocks({ stores, cache, marketData, clock }: StocksOptions): Stocks {
  const pages = cache.namespace(stockPages())
  const listings = cache.namespace(stockListing())

  async function readPage(filter: StockFilter, order: StockOrder): Promise<ListedPage> {
    const { page, last } = pageOf(await stores.stocks.list(filter, oneMore(order)), order)
    const quotes = await stores.quotes.latest(page.map(({ listing }) => listing.symbol))
    return {
      readAt: isoOf(Date.now()),
      listings: page.map(({ listing }) => listing),
      quotes: [...quotes.values()],
      ...(last && { last: last.place })
    }
  }

  async function listingOf(symbol: string): Promise<StockListing | undefined> {
    const read = async () => {
      const listing = await stores.stocks.find(symbol)
      return { readAt: isoOf(Date.now()), ...(listing && { listing }) }
    }
    // Prices do without it.
    const answer = await cachedValue(listings, symbol, 'interactive', read).catch(() => undefined)
    return answer?.value.listing
  }

  /** Of those held in memory or Redis, else those that were written down. */
  async function newestQuotes({ listings: page, quotes: stored }: ListedPage, now: number) {
    const symbols = page.map(({ symbol }) => symbol)
    const held = await marketData.heldQuotes(symbols).catch(() => [])
    const bySymbol = new Map(stored.map((quote) => [quote.symbol, labelledNow(quote, 0, clock.hoursOf, now)]))
    for (const answer of held) {
      if (!answer || answer instanceof Error) continue
      const { value, freshUntil } = answer
      bySymbol.set(value.symbol, labelledNow(value, freshUntil, clock.hoursOf, now))
    }
    return bySymbol
  }

  return {
    async list(filter, order) {
      const { value } = await cachedValue(pages, JSON.stringify([filter, order]), 'interactive', () =>
        readPage(filter, order)
      )
      const now = Date.now()
      const quotes = await newestQuotes(value, now)
      const stocks = value.listings.map((listing) => stockOf(listing, quotes.get(listing.symbol), clock, now))
      const { readAt, isStale = false, last } = value
      return { stocks, readAt, isStale, ...(last && { last }) }
    },

    async stock(symbol, asker) {
      const listing = await listingOf(symbol)
      if (!listing) refuseOthers(symbol, (await marketData.quote(symbol, asker)).value.kind)
      const lacksProfile = listing?.kind !== 'etf' && (listing?.sector === undefined || listing.marketCap === undefined)
      const [quote, profile] = await Promise.allSettled([
        marketData.quote(symbol, asker),
        lacksProfile ? marketData.profile(symbol, asker) : undefined
      ])
      if (!listing && quote.status === 'rejected') throw quote.reason
      const now = Date.now()
      const known: StockListing = {
        symbol,
        ...(quote.status === 'fulfilled' && fromQuote(quote.value.value)),
        ...(profile.status === 'fulfilled' && profile.value && fromProfile(profile.value.value)),
        ...listing
      }
      const stock: Stock = stockOf(known, quote.status === 'fulfilled' ? quote.value.value : undefined, clock, now)
      const marketHours = marketHoursOf(known, clock, now)
      return marketHours ? { ...stock, marketHours } : stock
    },

    async price(symbol, asker): Promise<Answer<StockPrice>> {
      const { value: quote, ...freshness } = await marketData.quote(symbol, asker)
      refuseOthers(symbol, quote.kind)
      const { currency, price, asOf } = quote
      const told = { symbol, ...(currency !== undefined && { currency }), ...priceOf(quote, clock, Date.now()) }
      return answerOf({ ...told, price, timestamp: asOf }, freshness)
    }
  }
}

/** Throws NOT_A_STOCK. */
function refuseOthers(symbol: string, kind: InstrumentKind | undefined): void {
  if (kind === undefined || STOCK_KINDS.has(kind)) return
  const message = `${symbol} is no stock (${kind}); its quote is at /api/v1/market/quote/${encodeURIComponent(symbol)}`
  throw new ApiError('NOT_A_STOCK', 404, message, { details: { symbol, kind } })
}
