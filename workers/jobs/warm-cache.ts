import { periodRange } from '../../src/market/period.ts'
import type { MarketData } from '../../src/market/market-data.ts'
import { budgetOf, NOT_AFFORDABLE } from '../budget.ts'
import { skipped, type Handler } from '../handler.ts'
import { isQuiet } from '../quiet.ts'

const SYMBOLS = 100
const STORIES_PER_SYMBOL = 10

/** What a dashboard asks for next to a quote, by the provider capability it needs. What is cached costs nothing. */
const LOADS: Record<string, (marketData: MarketData, symbol: string, now: number) => Promise<unknown>> = {
  quotes: (marketData, symbol) => marketData.quote(symbol, 'background'),
  bars: (marketData, symbol, now) =>
    marketData.bars({ symbol, interval: '1d', adjusted: 'splits', ...periodRange('1y', now) }, 'background'),
  profile: (marketData, symbol) => marketData.profile(symbol, 'background'),
  news: (marketData, symbol) => marketData.news(symbol, STORIES_PER_SYMBOL, 'background')
}

/** Loads what the symbols in demand will be asked for next; goes on where it was interrupted. */
export const warmCache: Handler<'warm-cache'> = async ({ limit = SYMBOLS, onlyWhenQuiet }, context, run) => {
  const { marketData, popularity, clock, recorder, now } = context
  if (onlyWhenQuiet && !isQuiet(clock, now())) return skipped('an exchange is open')
  const symbols = (await popularity.top(limit)).map(({ symbol }) => symbol)
  if (symbols.length === 0) return skipped('nothing is in demand')
  let items = 0
  let failures = 0
  for (const [place, symbol] of symbols.entries()) {
    run.signal.throwIfAborted()
    const { allows } = await budgetOf(context)
    for (const [capability, load] of Object.entries(LOADS)) {
      if (!allows(capability)) continue
      const isLoaded = await load(marketData, symbol, now()).then(
        () => true,
        () => false
      )
      if (isLoaded) items++
      else failures++
    }
    await run.progress({ done: place + 1, total: symbols.length })
  }
  await recorder.flush()
  return items + failures === 0 ? skipped(NOT_AFFORDABLE) : { items, failures }
}
