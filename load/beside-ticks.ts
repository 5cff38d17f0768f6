import { setTimeout as delay } from 'node:timers/promises'
import { ask } from './conversation.ts'
import { measureRound, type Round, type RoundOptions } from './http-load.ts'
import { cpuSecondsOf, type Server } from './processes.ts'
import type { TickTask } from './servers/quote-ticks.ts'

/** What following the ticks alone costs is measured for so long before the requests begin. */
const FOLLOWING_MS = 1000
/** Starting and ending a round takes some time too. */
const SPARE_SECONDS = 1

/** `followingShare`: what following the ticks takes of a processor while nobody asks for anything. */
export type BesideTicks = Round & { readonly followingShare: number }

/**
 * A round while quotes of other symbols, which memory holds too, go through the log. What following them costs by itself
 * is no cost of the requests, and is taken off.
 */
export async function measureBesideTicks(
  asked: RoundOptions,
  ticker: Server,
  ticks: Omit<TickTask, 'seconds'>
): Promise<BesideTicks> {
  const { pid } = asked.server.child
  const seconds = FOLLOWING_MS / 1000 + asked.seconds + SPARE_SECONDS
  const ticking = ask<number>(ticker.child, 'tick', { ...ticks, seconds } satisfies TickTask)
  // Until they flow.
  await delay(FOLLOWING_MS / 4)
  const cpuBefore = cpuSecondsOf(pid!)
  const startedAt = performance.now()
  await delay(FOLLOWING_MS)
  const followingShare = (cpuSecondsOf(pid!) - cpuBefore) / ((performance.now() - startedAt) / 1000)
  const round = await measureRound(asked)
  await ticking
  const cpuSeconds = round.requests / round.requestsPerCpuSecond - followingShare * round.seconds
  return { ...round, requestsPerCpuSecond: round.requests / cpuSeconds, followingShare }
}
