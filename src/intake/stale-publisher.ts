import { join } from 'node:path'
import type { Redis, Result } from 'ioredis'
import type { Logger } from 'pino'
import { topicOf, type MarketEvent, type TopicName } from '../market/event.ts'
import { DAY_MS } from '../market/time.ts'
import { defineScript } from '../redis/script.ts'
import type { Intake } from './intake.ts'

/** When all vendors die, much turns stale at once: it is told together. */
const GATHER_MS = 50
/** More topics than this at once are not told; clients learn of them by the next attempt to renew them. */
const MAX_WAITING = 20_000
/** Values are not kept for longer. */
const CLAIM_MS = DAY_MS
const UNTOLD = 'that values are stale was not published'

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** See claim-stale-1.lua. */
    claimStale(claim: string, receivedAt: number, ttlMs: number): Result<0 | 1, Context>
  }
}

type Expired = { readonly event: MarketEvent; readonly receivedAt: number }

export type StalePublisher = {
  /**
   * Tells the log of a value, labelled stale, that outlived its freshness: once for each value, however often and in
   * however many processes that is noticed. `receivedAt` (epoch ms) names the value. Nobody waits, nothing is thrown.
   */
  expired(event: MarketEvent, receivedAt: number): void
  close(): Promise<void>
}

export type StalePublisherOptions = {
  /** Shared by all processes. */
  redis: Redis
  intake: Pick<Intake, 'accept'>
  log: Pick<Logger, 'debug'>
}

/** Lets who follows values live learn that they are no longer to be trusted. */
export function createStalePublisher({ redis, intake, log }: StalePublisherOptions): StalePublisher {
  defineScript(redis, join(import.meta.dirname, 'claim-stale-1.lua'))
  const waiting = new Map<TopicName, Expired>()
  let timer: NodeJS.Timeout | undefined
  let telling = Promise.resolve()
  let isClosed = false

  async function tell(): Promise<void> {
    timer = undefined
    const values = [...waiting].map(([topic, value]) => ({ ...value, claim: `quotewire:stale:${topic}` }))
    waiting.clear()
    try {
      const claims = redis.pipeline()
      for (const { claim, receivedAt } of values) claims.claimStale(claim, receivedAt, CLAIM_MS)
      const replies = (await claims.exec()) ?? []
      append(values.filter((_, index) => replies[index]?.[1] === 1))
    } catch (err) {
      log.debug({ err, topics: values.length }, UNTOLD)
    }
  }

  /** The log may take its time; nobody waits for it. What it could not take may be told again. */
  function append(claimed: readonly (Expired & { claim: string })[]): void {
    for (const { event, claim } of claimed) {
      const verdict = intake.accept(event)
      if (verdict.outcome !== 'accepted') continue
      verdict.appended.catch(() => redis.del(claim)).catch(() => undefined) // then the claim expires
    }
  }

  return {
    expired(event, receivedAt) {
      // What cannot be renewed because this process stops is none the worse for it.
      if (isClosed) return
      const topic = topicOf(event)
      const known = waiting.get(topic)
      if (known ? known.receivedAt > receivedAt : waiting.size >= MAX_WAITING) return
      waiting.set(topic, { event, receivedAt })
      timer ??= setTimeout(() => {
        telling = telling.then(tell)
      }, GATHER_MS)
    },
    async close() {
      isClosed = true
      clearTimeout(timer)
      if (timer) telling = telling.then(tell)
      await telling
    }
  }
}
