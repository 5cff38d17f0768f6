import type { NamespaceStats } from '../market/cache-stats.ts'
import { isoOf } from '../market/time.ts'

/** What one namespace did in this process since its start. */
export class Counters {
  readonly memory = { hits: 0, misses: 0, staleHits: 0 }
  readonly redis = { hits: 0, misses: 0, staleHits: 0 }
  joins = 0
  loads = 0
  loadFailures = 0
  negativeHits = 0
  /** Since when no load had a value: epoch milliseconds. */
  failingSince: number | undefined

  /** Notes what came of a load: `succeeded` keys with a value or a certain absence, `failed` ones without. */
  loaded(succeeded: number, failed: number, now: number): void {
    this.loadFailures += failed
    if (succeeded > 0) this.failingSince = undefined
    else if (failed > 0) this.failingSince ??= now
  }

  /** Notes that another process had a value at an instant. */
  loadedElsewhere(receivedAt: number): void {
    if (this.failingSince !== undefined && receivedAt > this.failingSince) this.failingSince = undefined
  }

  stats(namespace: string): NamespaceStats {
    const { memory, redis, joins, loads, loadFailures, negativeHits, failingSince } = this
    return {
      namespace,
      memory: withHitRate(memory),
      redis: withHitRate(redis),
      joins,
      loads,
      loadsSaved: memory.hits + memory.staleHits + redis.hits + joins + negativeHits,
      loadFailures,
      negativeHits,
      ...(failingSince !== undefined && { failingSince: isoOf(failingSince) })
    }
  }
}

function withHitRate(counts: { hits: number; misses: number; staleHits: number }) {
  const lookups = counts.hits + counts.misses + counts.staleHits
  return lookups === 0 ? { ...counts } : { ...counts, hitRate: (counts.hits + counts.staleHits) / lookups }
}
