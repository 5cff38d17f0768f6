import type { NamespaceStats } from '../market/cache-stats.ts'

/** What one namespace did in this process since its start. */
export class Counters {
  readonly memory = { hits: 0, misses: 0, staleHits: 0 }
  readonly redis = { hits: 0, misses: 0, staleHits: 0 }
  joins = 0
  loads = 0
  loadFailures = 0
  negativeHits = 0

  stats(namespace: string): NamespaceStats {
    const { memory, redis, joins, loads, loadFailures, negativeHits } = this
    return {
      namespace,
      memory: withHitRate(memory),
      redis: withHitRate(redis),
      joins,
      loads,
      loadsSaved: memory.hits + memory.staleHits + redis.hits + joins + negativeHits,
      loadFailures,
      negativeHits
    }
  }
}

function withHitRate(counts: { hits: number; misses: number; staleHits: number }) {
  const lookups = counts.hits + counts.misses + counts.staleHits
  return lookups === 0 ? { ...counts } : { ...counts, hitRate: (counts.hits + counts.staleHits) / lookups }
}
