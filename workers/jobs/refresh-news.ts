import { budgetOf, NOT_AFFORDABLE } from '../budget.ts'
import { skipped, type Handler } from '../handler.ts'
import { isRenewed } from '../refusals.ts'

const MAX_SYMBOLS = 30
/** As many stories as the route gives without being asked for a number. */
const STORIES_PER_SYMBOL = 10

/** Renews the news of the symbols wanted most, one after another, until the budgets say stop. */
export const refreshNews: Handler<'refresh-news'> = async ({ symbols }, context, { signal }) => {
  const { popularity, marketData, recorder } = context
  const wanted = symbols ?? (await popularity.top(MAX_SYMBOLS)).map(({ symbol }) => symbol)
  if (wanted.length === 0) return skipped('nothing is in demand')
  let items = 0
  let failures = 0
  for (const symbol of wanted) {
    signal.throwIfAborted()
    if (!(await budgetOf(context)).allows('news')) break
    const answer = await marketData.refresh.news(symbol, STORIES_PER_SYMBOL).catch((error: Error) => error)
    if (isRenewed(answer)) items++
    else failures++
  }
  await recorder.flush()
  if (items + failures === 0) return skipped(NOT_AFFORDABLE)
  const left = wanted.length - items - failures
  return { items, failures, ...(left > 0 && { note: `${left} symbols wait until budgets allow` }) }
}
