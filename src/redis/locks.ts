import { join } from 'node:path'
import type { Redis, Result } from 'ioredis'
import { defineScript } from './script.ts'

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** See delete-if-held-1.lua. */
    deleteIfHeld(lock: string, holder: string): Result<0 | 1, Context>
    /** See extend-if-held-1.lua. */
    extendIfHeld(lock: string, holder: string, ttlMs: number): Result<0 | 1, Context>
  }
}

/** Gives a connection the commands for locks that expire, which a process that was slow must not take from the next one. */
export function defineLockCommands(redis: Redis): void {
  for (const file of ['delete-if-held-1.lua', 'extend-if-held-1.lua'])
    defineScript(redis, join(import.meta.dirname, file))
}
