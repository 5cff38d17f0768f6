import { affordableQuotes, isAffordable } from './affordable.ts'
import type { JobContext } from './handler.ts'

/** What the providers' budgets allow background work to ask now. */
export async function budgetOf({ marketData, config, now }: Pick<JobContext, 'marketData' | 'config' | 'now'>) {
  const statuses = await marketData.providers()
  const means = { reservePercent: config.INTERACTIVE_RESERVE_PERCENT, now: now() }
  return {
    quotes: affordableQuotes(statuses, means),
    allows: (capability: string) => isAffordable(statuses, capability, means)
  }
}

export const NOT_AFFORDABLE = 'left for later: the budgets of all providers that could answer are spent for now'
