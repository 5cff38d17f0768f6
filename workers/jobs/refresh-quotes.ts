import { JOBS } from '../../src/jobs/catalog.ts'
import type { Quote } from '../../src/market/quote.ts'
import type { Answer } from '../../src/market/market-data.ts'
import { budgetOf, NOT_AFFORDABLE } from '../budget.ts'
import { skipped, type Handler, type JobContext } from '../handler.ts'
import { isRenewed, refusedForMs } from '../refusals.ts'

/** More symbols than this are renewed by no schedule; those wanted least are asked for when somebody wants them. */
const MAX_SYMBOLS = 2000
/** So many are asked for at once: as many requests as the gateway makes in parallel. */
const SYMBOLS_PER_ASK = 400
/** What a run may take, so that a quote is renewed before it is too old and not just after. */
const RUN_MS = 5000

/**
 * Renews the quotes that would be too old before the next run has renewed them, those wanted most first, as many as the
 * budgets allow. A closed exchange's quotes stay fresh until it opens, so nobody asks for them.
 */
export const refreshQuotes: Handler<'refresh-quotes'> = async ({ symbols }, context, { signal }) => {
  const due = symbols ?? (await dueSymbols(context))
  if (due.length === 0) return skipped('no quote grows too old')
  const budget = await budgetOf(context)
  const affordable = due.slice(0, budget.quotes)
  if (affordable.length === 0) return skipped(NOT_AFFORDABLE)

  const outcomes: (Answer<Quote> | Error)[] = []
  for (let first = 0; first < affordable.length; first += SYMBOLS_PER_ASK) {
    signal.throwIfAborted()
    outcomes.push(...(await context.marketData.refresh.quotes(affordable.slice(first, first + SYMBOLS_PER_ASK))))
  }
  await context.recorder.flush()
  return reportOf(outcomes, due.length - affordable.length)
}

async function dueSymbols({ demand, subscribedSymbols, marketData, stores, now }: JobContext): Promise<string[]> {
  const [subscribed, popular] = await Promise.all([subscribedSymbols(), demand.top(MAX_SYMBOLS)])
  const wanted = [...new Set([...subscribed, ...popular.map(({ symbol }) => symbol)])].slice(0, MAX_SYMBOLS)
  // A server that nobody has asked yet keeps what it knows ready.
  const known = wanted.length > 0 ? wanted : (await stores.quotes.symbols()).slice(0, MAX_SYMBOLS)
  const [{ everyMs }] = JOBS['refresh-quotes'].schedules
  return marketData.refresh.quotesDueBy(known, now() + everyMs + RUN_MS)
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
    ...(leftOut > 0 && { note: `${leftOut} symbols wait until budgets allow` })
  }
}
