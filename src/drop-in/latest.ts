import type { Archive } from '../market/archive.ts'
import type { Asker, MarketData } from '../market/market-data.ts'
import { tellersOf } from '../market/quote-groups.ts'
import type { Quote } from '../market/quote.ts'
import type { LatestTick } from '../market/stored-tick.ts'
import { fromStore } from './store.ts'

export type LatestParts = { readonly archive: Archive; readonly marketData: Pick<MarketData, 'quotes'> }

/** What is known of a symbol now. */
export type Latest = { readonly quote?: Quote; readonly tick?: LatestTick }

/** A trade that nobody reported: the price and the instant of a quote, without size and venue. */
export type LatestTrade = Partial<LatestTick> & Pick<LatestTick, 'price' | 'asOf' | 'source' | 'feed'>

/**
 * The quote and the newest stored trade of each symbol. A symbol of which neither is there has the error that its quote has:
 * an answer that is old, and says so, is none.
 */
export async function latestOf(
  { archive, marketData }: LatestParts,
  symbols: readonly string[],
  asker: Asker
): Promise<Map<string, Latest | Error>> {
  const [quotes, ticks] = await Promise.all([
    marketData.quotes(symbols, asker),
    Promise.all(symbols.map((symbol) => fromStore(async () => archive.latestTick(await archive.instrument(symbol)))))
  ])
  return new Map(
    symbols.map((symbol, at): [string, Latest | Error] => {
      const [answer, tick] = [quotes[at]!, ticks[at]]
      if (answer instanceof Error) return [symbol, tick ? { tick } : answer]
      return [symbol, { quote: answer.value, ...(tick && { tick }) }]
    })
  )
}

/** The newest trade, or the newer price of a quote. */
export function latestTradeOf({ quote, tick }: Latest): LatestTrade | undefined {
  if (!quote) return tick
  const { source, feed, asOf } = tellersOf('price', quote)[0]!
  if (tick && Date.parse(tick.asOf) >= Date.parse(asOf)) return tick
  return { price: quote.price, asOf, source, feed }
}
