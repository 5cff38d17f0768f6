import { createHash } from 'node:crypto'
import type { Cluster, Redis } from 'ioredis'

/** How long a caller waits for Redis before its process goes on alone: people wait for prices, not for bookkeeping. */
const REDIS_PATIENCE_MS = 250

/** The Redis that all processes share, wherever it runs. */
export type RedisConnection = Redis | Cluster

/** Whether asking makes sense: a connection that is only just being made answers soon. */
export function isReachable({ status }: RedisConnection): boolean {
  return status !== 'end' && status !== 'close' && status !== 'reconnecting'
}

/** Rejects where Redis is mute; what it was asked may still happen later. */
export async function withinPatience<T>(answer: Promise<T>): Promise<T> {
  const { promise: impatience, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new Error(`Redis did not answer within ${REDIS_PATIENCE_MS} ms`)),
    REDIS_PATIENCE_MS
  )
  try {
    return await Promise.race([answer, impatience])
  } finally {
    clearTimeout(timer)
  }
}

export type Script = { readonly source: string; readonly sha1: string }

export function script(source: string): Script {
  return { source, sha1: createHash('sha1').update(source).digest('hex') }
}

/** Runs a script by its digest; a Redis that does not hold it yet (new, restarted, failed over) is given the source. */
export async function runScript(
  redis: RedisConnection,
  { source, sha1 }: Script,
  keys: readonly string[],
  args: readonly (string | number)[]
): Promise<unknown> {
  try {
    return await redis.evalsha(sha1, keys.length, ...keys, ...args)
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return redis.eval(source, keys.length, ...keys, ...args)
  }
}
