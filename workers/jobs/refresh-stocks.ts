import { DAY_MS } from '../../src/market/time.ts'
import { budgetOf, NOT_AFFORDABLE } from '../budget.ts'
import { skipped, type Handler } from '../handler.ts'
import { isRenewed } from '../refusals.ts'

/** Of one run: with one of them an hour the stocks of a large list have their turn within a day. */
const MAX_STOCKS = 250

/**
 * Renews what vendors' profiles tell of stocks that are quoted here (market value, sector, industry), each about once a day, until
 * the budgets say stop. Of more than one run can ask for, others have their turn in each; one that no vendor knows never stands
 * before the rest.
 */
export const refreshStocks: Handler<'refresh-stocks'> = async ({ symbols }, context, run) => {
  const { stores, marketData, recorder, now } = context
  const due = symbols ?? (await stores.stocks.withOldProfiles(now() - DAY_MS, String(run.dueAt), MAX_STOCKS))
  if (due.length === 0) return skipped('what is known of all stocks is of today')
  let items = 0
  let failures = 0
  for (const symbol of due) {
    run.signal.throwIfAborted()
    if (!(await budgetOf(context)).allows('profile')) break
    const answer = await marketData.profile(symbol, 'background').catch((error: Error) => error)
    if (isRenewed(answer)) items++
    else failures++
    await run.progress({ done: items + failures, total: due.length })
  }
  await recorder.flush()
  if (items + failures === 0) return skipped(NOT_AFFORDABLE)
  const left = due.length - items - failures
  return { items, failures, ...(left > 0 && { note: `${left} stocks wait until budgets allow` }) }
}
