import type { Bar, BarSeries } from '../../src/market/bar.ts'
import type { Provenance } from '../../src/market/provenance.ts'
import type { Quote } from '../../src/market/quote.ts'
import { ProviderError, type Provider } from '../../src/providers/provider.ts'

const DAY_MS = 86_400_000
const PRICES: Record<string, number> = { AAPL: 231.4, MSFT: 418.25, 'BRK.B': 452.1, 'BTC-USD': 64_000.5 }

/**
 * A vendor with four symbols, which trade round the clock so that no test depends on its hour, and whose answers are all
 * as good as new; `asked` lists the calls it got.
 */
export function smallVendor(): Provider & { asked: string[]; isDown: boolean } {
  const vendor = {
    name: 'yahoo' as const,
    maxQuotesPerRequest: 100,
    covers: () => true,
    asked: [] as string[],
    isDown: false,

    async quotes(symbols: readonly string[]) {
      answer(`quotes ${symbols.join(',')}`)
      return new Map(symbols.flatMap((symbol) => (PRICES[symbol] ? [[symbol, quoteOf(symbol)] as const] : [])))
    },
    async bars({ symbol, interval, adjusted, from, to }: Parameters<NonNullable<Provider['bars']>>[0]) {
      answer(`bars ${symbol}`)
      known(symbol)
      const bars: Bar[] = []
      for (let day = to - 3 * DAY_MS; day < to && day >= from; day += DAY_MS) {
        const start = new Date(day).toISOString()
        bars.push({ start: start.slice(0, 10), open: 100, high: 101.5, low: 99.25, close: 101, volume: 1000 })
      }
      return { symbol, interval, adjusted, currency: 'USD', bars, provenance: provenance() } satisfies BarSeries
    },
    async profile(symbol: string) {
      answer(`profile ${symbol}`)
      known(symbol)
      return { symbol, name: `${symbol} Inc.`, provenance: provenance() }
    },
    async news(symbol: string, limit: number) {
      answer(`news ${symbol} ${limit}`)
      return { symbol, items: [], provenance: provenance() }
    },
    async search(query: string) {
      answer(`search ${query}`)
      return { query, matches: [{ symbol: 'AAPL', name: 'Apple Inc.' }], provenance: provenance() }
    },
    async splits(symbol: string) {
      answer(`splits ${symbol}`)
      return { symbol, splits: [{ exDate: '2020-08-31', ratio: 4 }], provenance: provenance() }
    }
  }

  function answer(call: string): void {
    vendor.asked.push(call)
    if (vendor.isDown) throw new ProviderError('yahoo', 'unavailable', 'yahoo could not be reached')
  }

  function known(symbol: string): void {
    if (!PRICES[symbol]) throw new ProviderError('yahoo', 'not_found', `yahoo does not know ${symbol}`)
  }

  return vendor
}

function quoteOf(symbol: string): Quote {
  const price = PRICES[symbol]!
  const asOf = new Date().toISOString()
  return { symbol, price, currency: 'USD', marketState: 'regular', asOf, provenance: provenance() }
}

function provenance(): Provenance {
  return {
    source: 'yahoo',
    // Like the simulated market's, its hours are its own.
    feed: 'sandbox',
    receivedAt: new Date().toISOString(),
    state: 'live',
    attempts: []
  }
}
