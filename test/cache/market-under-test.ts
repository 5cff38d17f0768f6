import type { Redis } from 'ioredis'
import type { Source } from '../../src/cache/source.ts'
import type { Policy } from '../../src/cache/policy.ts'
import { TieredCache } from '../../src/cache/tiered-cache.ts'

export type Price = { price: number; state: 'live' | 'stale'; receivedAt: number }

export class Unknown extends Error {}

/** A minute fresh, half a minute more behind the scenes, an hour for bad days. */
export const prices: Policy<Price> = {
  name: 'price',
  prefix: 'price:',
  revalidateMs: 30_000,
  staleMs: 3_600_000,
  maxEntries: 100,
  maxBytes: 100_000,
  freshMs: () => 60_000,
  receivedAt: (value) => value.receivedAt,
  stale: (value) => ({ ...value, state: 'stale' }),
  negative: {
    negativeIn: (error) =>
      error instanceof Unknown ? { reason: error.message, forMs: 5000, isUnconfirmed: false } : undefined,
    errorOf: (reason) => new Unknown(reason as string)
  }
}

const silent = { warn: () => undefined, info: () => undefined }

/** A process's worth of cache: its own memory, over a Redis that others may share. */
export function processOn(redis: Redis, now: () => number = Date.now) {
  const cache = new TieredCache({ redis, log: silent, now })
  return { cache, prices: cache.namespace(prices) }
}

/** A source that counts what it is asked; `answer` decides what it says. */
export function countingSource(answer: (key: string) => Promise<Price | Error> | Price | Error) {
  const asked: string[][] = []
  const source: Source<Price> = {
    async load(keys) {
      asked.push([...keys])
      return new Map(await Promise.all(keys.map(async (key) => [key, await answer(key)] as const)))
    }
  }
  return { source, asked }
}

export const live = (price: number, receivedAt = Date.now()): Price => ({ price, state: 'live', receivedAt })
