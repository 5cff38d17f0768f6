import { budgetOf, NOT_AFFORDABLE } from '../budget.ts'
import { skipped, type Handler } from '../handler.ts'
import { isSpared, SPARED } from '../quiet.ts'
import { isRenewed } from '../refusals.ts'

/** Renews the world's indices; rarely while every exchange is closed. */
export const refreshIndices: Handler<'refresh-indices'> = async (_payload, context, run) => {
  if (isSpared(context, run)) return skipped(SPARED)
  if (!(await budgetOf(context)).allows('indices')) return skipped(NOT_AFFORDABLE)
  const answer = await context.marketData.refresh.indices()
  await context.recorder.flush()
  return isRenewed(answer) ? { items: answer.value.indices.length, failures: 0 } : { items: 0, failures: 1 }
}
