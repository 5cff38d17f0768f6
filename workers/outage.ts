import { setTimeout as delay } from 'node:timers/promises'
import { budgetOf } from './budget.ts'
import type { JobContext, Run } from './handler.ts'
import { isRenewed } from './refusals.ts'

/** How often it is tried; how often a vendor is really asked is for the gateway to say. */
const TRY_EVERY_MS = 2000
/** So many symbols are tried at once, for one of them may be unknown to the first vendor that is back. */
const SYMBOLS_PER_TRY = 20

/**
 * Waits while every provider of quotes rests, trying for some of the symbols every other second, until one is renewed or
 * the next run of the schedule takes over. Whether there is somebody to ask.
 */
export async function isAnybodyBack(
  symbols: readonly string[],
  context: Pick<JobContext, 'marketData' | 'config' | 'now'>,
  { signal, everyMs = 0 }: Pick<Run, 'signal' | 'everyMs'>
): Promise<boolean> {
  const startedAt = context.now()
  while ((await budgetOf(context)).isOut) {
    const tried = await context.marketData.refresh.quotes(symbols.slice(0, SYMBOLS_PER_TRY))
    if (tried.some(isRenewed)) return true
    if (context.now() - startedAt + TRY_EVERY_MS >= everyMs) return false
    await delay(TRY_EVERY_MS, undefined, { signal })
  }
  return true
}

export const NOBODY_ANSWERS = 'no provider answers'
