import { Type, type Static } from 'typebox'
import type { AppenderStats } from '../log/appender.ts'
import type { LiveContext } from './context.ts'
import { LAG_BOUNDS_MS } from './lag-histogram.ts'

const MAX_TOPICS_LISTED = 100

const Count = Type.Integer({ minimum: 0 })

/** What the live side of one API process does, and did since its start. */
export const LiveStats = Type.Object(
  {
    connections: Count,
    users: Count,
    subscriptions: Count,
    topics: Type.Array(Type.Object({ topic: Type.String(), subscribers: Count }), {
      description: `Those with most subscribers, ${MAX_TOPICS_LISTED} at most`
    }),
    messages: Count,
    bytes: Count,
    messagesPerSecond: Type.Number(),
    bytesPerSecond: Type.Number(),
    received: Type.Integer({ minimum: 0, description: 'Frames of clients' }),
    lag: Type.Object(
      {
        count: Count,
        sumMs: Type.Number(),
        p50Ms: Type.Number(),
        p99Ms: Type.Number(),
        buckets: Type.Array(Type.Object({ upToMs: Type.Optional(Type.Number()), count: Count }))
      },
      { description: 'From the append to the log until the write to clients' }
    ),
    conflated: Type.Integer({ minimum: 0, description: 'Values passed over because a newer one came first' }),
    slow: Type.Integer({ minimum: 0, description: 'Times that a client fell behind' }),
    resumed: Count,
    replayed: Count,
    gaps: Count,
    closedByCode: Type.Record(Type.String(), Count),
    log: Type.Object({
      connected: Type.Boolean(),
      appended: Count,
      bytes: Count,
      failed: Count,
      waitingBytes: Count,
      reachSeconds: Type.Optional(
        Type.Number({ description: 'How far back clients can resume if events go on coming as they do' })
      )
    })
  },
  { $id: 'LiveStats' }
)
export type LiveStats = Static<typeof LiveStats>
/** What costs nothing to tell. */
export type LiveCounts = Omit<LiveStats, 'topics'>

export function statsOf(
  { hub, users, traffic }: LiveContext,
  connections: number,
  { messagesPerSecond, bytesPerSecond }: { messagesPerSecond: number; bytesPerSecond: number },
  log: Readonly<AppenderStats>
): LiveCounts {
  const { counts, ...lag } = hub.lag.read()
  const { messages, bytes, received, slow, resumed, replayed, gaps, closedByCode } = traffic
  return {
    connections,
    users: users.size,
    subscriptions: users.subscriptions,
    messages,
    bytes,
    messagesPerSecond,
    bytesPerSecond,
    received,
    lag: { ...lag, buckets: counts.map((count, at) => ({ upToMs: LAG_BOUNDS_MS[at], count })) },
    conflated: traffic.conflated + hub.conflated,
    slow,
    resumed,
    replayed,
    gaps,
    closedByCode,
    log: { connected: hub.isConnected, ...log }
  }
}

/** Those with most subscribers. Looks at every topic of the process: for who asks now and then. */
export function largestTopics({ topics }: LiveContext['hub']): LiveStats['topics'] {
  const counted: LiveStats['topics'] = []
  for (const { name, holders } of topics) if (holders > 0) counted.push({ topic: name, subscribers: holders })
  return counted.sort((a, b) => b.subscribers - a.subscribers).slice(0, MAX_TOPICS_LISTED)
}
