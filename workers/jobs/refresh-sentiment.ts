import { ApiError } from '../../src/errors.ts'
import { skipped, type Handler } from '../handler.ts'
import { budgetOf } from '../budget.ts'
import { isSpared, SPARED } from '../quiet.ts'
import { refusedForMs } from '../refusals.ts'

/**
 * Large US shares of all sectors: where nobody follows enough listings, these tell how many rose. One request to the broad
 * vendors, and none where their quotes are fresh.
 */
const BREADTH_OF =
  'AAPL MSFT NVDA CSCO IBM CRM GOOGL META DIS VZ AMZN HD MCD NKE PG KO WMT JPM GS V AXP UNH JNJ MRK AMGN BA CAT HON MMM GE ' +
  'XOM CVX LIN SHW NEE DUK PLD AMT'

/**
 * Measures the market's sentiment anew, from what the other jobs keep fresh; rarely while every exchange is closed. Where too
 * little is known for a score, the next run will do: trying again at once would find no more.
 */
export const refreshSentiment: Handler<'refresh-sentiment'> = async (_payload, context, run) => {
  if (isSpared(context, run)) return skipped(SPARED)
  try {
    const { allows } = await budgetOf(context)
    if (allows('quotes')) await context.marketData.quotes(BREADTH_OF.split(' '), 'background')
    await context.recorder.flush()
    const { value } = await context.marketData.refresh.sentiment()
    await context.recorder.flush()
    return { items: value.components.length, failures: value.missing.length }
  } catch (error) {
    if (!(error instanceof ApiError) || refusedForMs(error) !== undefined) throw error
    return { items: 0, failures: 1, note: error.message }
  }
}
