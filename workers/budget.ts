import { affordableQuotes, isAffordable, isAtRest } from './affordable.ts'
import type { JobContext } from './handler.ts'

/** What the providers' budgets allow background work to ask now. */
export async function budgetOf({ marketData, config, now }: Pick<JobContext, 'marketData' | 'config' | 'now'>) {
  const statuses = await marketData.providers()
  const means = { reservePercent: config.INTERACTIVE_RESERVE_PERCENT, now: now() }
  return {
    quotes: affordableQuotes(statuses, means),
    /** Nobody can be asked for quotes, and somebody rests after failures or a 429. */
    isOut: affordableQuotes(statuses, means) === 0 && isAtRest(statuses, 'quotes'),
    allows: (capability: string) => isAffordable(statuses, capability, means)
  }
}

export const NOT_AFFORDABLE = 'left for later: the budgets of all providers that could answer are spent for now'
