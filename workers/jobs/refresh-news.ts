import type { Answer } from '../../src/market/market-data.ts'
import type { MarketNews } from '../../src/market/news.ts'
import { budgetOf, NOT_AFFORDABLE } from '../budget.ts'
import { skipped, type Handler } from '../handler.ts'
import { isRenewed } from '../refusals.ts'

const MAX_SYMBOLS = 30
/** As many stories as the route gives without being asked for a number. */
const STORIES_PER_SYMBOL = 10

/** Renews the news of the market, then of the symbols wanted most, one after another, until the budgets say stop. */
export const refreshNews: Handler<'refresh-news'> = async ({ symbols }, context, { signal }) => {
  const { popularity, marketData, recorder } = context
  const wanted = symbols ?? (await popularity.top(MAX_SYMBOLS)).map(({ symbol }) => symbol)
  const isOfMarket = symbols === undefined && (await budgetOf(context)).allows('marketNews')
  if (!isOfMarket && wanted.length === 0) return skipped('nothing is in demand')
  let items = 0
  let failures = 0
  const count = async (answer: Promise<Answer<MarketNews>>) => {
    if (isRenewed(await answer.catch((error: Error) => error))) items++
    else failures++
  }
  if (isOfMarket) await count(marketData.refresh.marketNews())
  let renewed = 0
  for (const symbol of wanted) {
    signal.throwIfAborted()
    if (!(await budgetOf(context)).allows('news')) break
    await count(marketData.refresh.news(symbol, STORIES_PER_SYMBOL))
    renewed++
  }
  await recorder.flush()
  if (items + failures === 0) return skipped(NOT_AFFORDABLE)
  const left = wanted.length - renewed
  return { items, failures, ...(left > 0 && { note: `${left} symbols wait until budgets allow` }) }
}
