import { Type, type Static } from 'typebox'

/** What one tier did for one namespace (`quote`, `historical`, ...) in this process since its start. */
export const TierStats = Type.Object({
  hits: Type.Integer(),
  misses: Type.Integer(),
  hitRate: Type.Optional(Type.Number({ description: '0 to 1; absent before the first lookup' })),
  staleHits: Type.Integer({ description: 'Answered with an entry past its freshness' })
})
export type TierStats = Static<typeof TierStats>

export const NamespaceStats = Type.Object({
  namespace: Type.String(),
  memory: TierStats,
  redis: TierStats,
  joins: Type.Integer({ description: 'Callers that waited for a load already under way, here or in another process' }),
  loads: Type.Integer({ description: 'Times the source behind the cache was asked' }),
  loadsSaved: Type.Integer({ description: 'Lookups that needed no load' }),
  loadFailures: Type.Integer(),
  failingSince: Type.Optional(
    Type.String({ format: 'date-time', description: 'Since when every load failed; absent after one that did not' })
  ),
  negativeHits: Type.Integer({ description: 'Answered from a remembered "no such symbol"' })
})
export type NamespaceStats = Static<typeof NamespaceStats>

export const CacheStats = Type.Object(
  {
    namespaces: Type.Array(NamespaceStats),
    memory: Type.Object({
      entries: Type.Integer(),
      bytes: Type.Integer(),
      maxEntries: Type.Integer(),
      maxBytes: Type.Integer(),
      evictions: Type.Integer()
    }),
    redis: Type.Object({
      reachable: Type.Boolean(),
      keys: Type.Optional(Type.Integer()),
      usedBytes: Type.Optional(Type.Integer())
    })
  },
  { $id: 'CacheStats' }
)
export type CacheStats = Static<typeof CacheStats>
