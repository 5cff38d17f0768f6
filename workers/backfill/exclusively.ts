import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { defineLockCommands } from '../../src/redis/locks.ts'

/** A holder that died is succeeded after this. */
const LOCK_MS = 15_000
const RENEW_EVERY_MS = 5000

/**
 * Does something unless somebody else in the installation does it now; undefined then. Its signal aborts when the lock was lost,
 * or with the one given.
 */
export async function exclusively<T>(
  redis: Redis,
  name: string,
  given: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>
): Promise<T | undefined> {
  defineLockCommands(redis)
  const key = `quotewire:lock:${name}`
  const holder = randomUUID()
  if ((await redis.set(key, holder, 'PX', LOCK_MS, 'NX')) === null) return undefined
  const lost = new AbortController()
  const renew = async () => {
    if ((await redis.extendIfHeld(key, holder, LOCK_MS)) === 0) lost.abort(new Error(`the lock ${name} was lost`))
  }
  // Where Redis is away the lock expires; the work goes on and finds out by what it needs of Redis itself.
  const timer = setInterval(() => void renew().catch(() => undefined), RENEW_EVERY_MS)
  try {
    return await work(AbortSignal.any([given, lost.signal]))
  } finally {
    clearInterval(timer)
    await redis.deleteIfHeld(key, holder).catch(() => undefined)
  }
}
