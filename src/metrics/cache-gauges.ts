import { Counter, Gauge, type Registry } from 'prom-client'
import type { CacheStats } from '../market/cache-stats.ts'

export type CacheSource = { cacheStats(): Promise<CacheStats> }

/** What the tiers of the cache did and hold, counted in plain memory and read when it is scraped. */
export function createCacheGauges(registers: Registry[]): (sources: { marketData?: CacheSource }) => Promise<void> {
  const lookups = new Counter({
    name: 'quotewire_cache_lookups_total',
    help: 'Look-ups in a tier, by result',
    labelNames: ['namespace', 'tier', 'result'],
    registers
  })
  const work = new Counter({
    name: 'quotewire_cache_loads_total',
    help: 'Times the source was asked, spared, joined or failed',
    labelNames: ['namespace', 'kind'],
    registers
  })
  const memory = (name: string, help: string) => new Gauge({ name: `quotewire_cache_memory_${name}`, help, registers })
  const held = {
    entries: memory('entries', 'Entries in the memory tier'),
    maxEntries: memory('max_entries', 'Entries that the memory tier may hold'),
    bytes: memory('bytes', 'Bytes in the memory tier'),
    maxBytes: memory('max_bytes', 'Bytes that the memory tier may hold')
  }
  const evictions = new Counter({
    name: 'quotewire_cache_memory_evictions_total',
    help: 'Entries that made room for others in the memory tier',
    registers
  })
  const reachable = new Gauge({ name: 'quotewire_cache_redis_up', help: '1 where the cache tier answers', registers })

  return async ({ marketData }) => {
    const stats = await marketData?.cacheStats().catch(() => undefined)
    if (!stats) return
    lookups.reset()
    work.reset()
    for (const { namespace, loads, loadsSaved, joins, loadFailures, negativeHits, ...tiers } of stats.namespaces) {
      for (const tier of ['memory', 'redis'] as const) {
        lookups.inc({ namespace, tier, result: 'hit' }, tiers[tier].hits)
        lookups.inc({ namespace, tier, result: 'stale_hit' }, tiers[tier].staleHits)
        lookups.inc({ namespace, tier, result: 'miss' }, tiers[tier].misses)
      }
      const kinds = { load: loads, saved: loadsSaved, joined: joins, failed: loadFailures, known_absent: negativeHits }
      for (const [kind, count] of Object.entries(kinds)) work.inc({ namespace, kind }, count)
    }
    for (const [name, gauge] of Object.entries(held)) gauge.set(stats.memory[name as keyof typeof held])
    evictions.reset()
    evictions.inc(stats.memory.evictions)
    reachable.set(stats.redis.reachable ? 1 : 0)
  }
}
