import type { Redis } from 'ioredis'
import type { CacheStats } from '../market/cache-stats.ts'
import type { MemoryTier } from './memory-tier.ts'
import { Namespace } from './namespace.ts'
import type { Policy } from './policy.ts'
import { RedisTier, type RedisTierOptions } from './redis-tier.ts'

export type TieredCacheOptions = {
  /** Must fail fast; see RedisTierOptions. Stays the caller's to close. */
  redis: Redis
  log: RedisTierOptions['log']
  now?: () => number
}

/** What the cache as a whole needs of a namespace, whatever it holds. */
type AnyNamespace = Pick<Namespace<unknown>, 'announced' | 'stats'> & {
  readonly policy: { readonly prefix: string }
  readonly memory: Pick<MemoryTier<unknown>, 'keys' | 'size' | 'maxEntries' | 'maxBytes'>
}

/** Memory over Redis, split into namespaces that each have their own policy. */
export class TieredCache {
  readonly #redis: RedisTier
  readonly #namespaces: AnyNamespace[] = []
  readonly #now: () => number

  constructor({ redis, log, now = Date.now }: TieredCacheOptions) {
    this.#now = now
    this.#redis = new RedisTier({
      redis,
      log,
      onAnnounced: (...told) => this.#announced(...told),
      heldKeys: () => this.#namespaces.flatMap(({ policy, memory }) => memory.keys().map((key) => policy.prefix + key))
    })
  }

  namespace<T>(policy: Policy<T>): Namespace<T> {
    const namespace = new Namespace(policy, this.#redis, this.#now)
    this.#namespaces.push(namespace)
    return namespace
  }

  async stats(): Promise<CacheStats> {
    const memory = { entries: 0, bytes: 0, maxEntries: 0, maxBytes: 0, evictions: 0 }
    for (const { memory: tier } of this.#namespaces) {
      const { entries, bytes, evictions } = tier.size
      memory.entries += entries
      memory.bytes += bytes
      memory.evictions += evictions
      memory.maxEntries += tier.maxEntries
      memory.maxBytes += tier.maxBytes
    }
    return { namespaces: this.#namespaces.map(({ stats }) => stats), memory, redis: await this.#redis.usage() }
  }

  close(): void {
    this.#redis.close()
  }

  #announced(key: string, receivedAt: number, order?: readonly number[]): void {
    for (const namespace of this.#namespaces) {
      const { prefix } = namespace.policy
      if (key.startsWith(prefix)) namespace.announced(key.slice(prefix.length), receivedAt, order)
    }
  }
}
