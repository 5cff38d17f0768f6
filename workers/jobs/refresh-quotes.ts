import type { Answer } from '../../src/market/market-data.ts'
import type { Quote } from '../../src/market/quote.ts'
import { budgetOf, NOT_AFFORDABLE } from '../budget.ts'
import { skipped, type Handler } from '../handler.ts'
import { isAnybodyBack, NOBODY_ANSWERS } from '../outage.ts'
import { quotesToRenew } from '../quotes-to-renew.ts'
import { isRenewed, refusedForMs } from '../refusals.ts'

/** So many are asked for at once: as many requests as the gateway makes in parallel. */
const SYMBOLS_PER_ASK = 400

/**
 * Renews the quotes that clients follow and those that grow too old, as many as the budgets allow. What does not fit
 * before the next run is left to it. A closed exchange's quotes stay fresh until it opens, so nobody asks for them.
 */
export const refreshQuotes: Handler<'refresh-quotes'> = async ({ symbols }, context, run) => {
  const { signal, everyMs } = run
  const startedAt = context.now()
  const due = symbols ?? (await quotesToRenew(context))
  if (due.length === 0) return skipped('no quote grows too old')
  if (!(await isAnybodyBack(due, context, run))) return { items: 0, failures: due.length, note: NOBODY_ANSWERS }
  const budget = await budgetOf(context)
  const affordable = due.slice(0, budget.quotes)
  if (affordable.length === 0) return skipped(NOT_AFFORDABLE)

  const outcomes: (Answer<Quote> | Error)[] = []
  while (outcomes.length < affordable.length) {
    signal.throwIfAborted()
    if (outcomes.length > 0 && everyMs !== undefined && context.now() - startedAt >= everyMs) break
    const next = affordable.slice(outcomes.length, outcomes.length + SYMBOLS_PER_ASK)
    outcomes.push(...(await context.marketData.refresh.quotes(next)))
  }
  await context.recorder.flush()
  return reportOf(outcomes, due.length - outcomes.length)
}

/** Rejects where every provider refused everything, for then the run is worth another try. */
function reportOf(outcomes: readonly (Answer<Quote> | Error)[], leftOut: number) {
  const items = outcomes.filter(isRenewed).length
  const refusal = outcomes.find((outcome) => refusedForMs(outcome) !== undefined)
  if (items === 0 && refusal instanceof Error && outcomes.every((outcome) => refusedForMs(outcome) !== undefined)) {
    throw refusal
  }
  return {
    items,
    failures: outcomes.length - items,
    ...(leftOut > 0 && { note: `${leftOut} symbols wait for a later run or until budgets allow` })
  }
}
