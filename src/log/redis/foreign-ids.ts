import type { Redis, Result } from 'ioredis'
import { MAX_ID_PART } from '../entry-position.ts'

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** See remove-foreign-ids-1.lua. */
    removeForeignIds(stream: string, id: string, firstUncountable: number, greatest: number): Result<number, Context>
  }
}

/**
 * Frees a stream from ids that somebody else gave: behind one from the far future every other would have to be later
 * still, and behind the last possible one there is none. Resolves with how many rows went.
 */
export function removeForeignIds(redis: Redis, key: string, id: string): Promise<number> {
  return redis.removeForeignIds(key, id, MAX_ID_PART + 1, MAX_ID_PART)
}
