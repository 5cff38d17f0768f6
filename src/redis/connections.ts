import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { withTimeout } from '../timeout.ts'
import { keepStringsFast } from './fast-strings.ts'

keepStringsFast()

const CACHE_COMMAND_TIMEOUT_MS = 500
const MAX_RECONNECT_DELAY_MS = 2000
const PATIENCE_MS = 15_000
const RETRY_MS = 250

/**
 * The connection for the cache and the budget ledger: it fails fast, for a request must never wait for a Redis that
 * is away. It reconnects by itself for ever.
 */
export function connectFailFast(url: string): Redis {
  return connect(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: CACHE_COMMAND_TIMEOUT_MS
  })
}

/** XTRIM by age, which keeps the event log small. */
export const OLDEST_REDIS = '6.2'

/** Whether a version as Redis tells it (`7.0.15`) lacks what is needed of it. */
export function isTooOldRedis(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_REDIS.split('.').map(Number)
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor)
}

/** What is said of a variable that names a node of a Redis Cluster. */
export const NO_CLUSTER =
  'is a node of a Redis Cluster, which Quotewire does not support: name a single server, or the primary of a replicated one'

/** Whether the server is a node of a Redis Cluster, where keys have one node each and streams cannot be read together. */
export async function isClusterNode(redis: Redis): Promise<boolean> {
  const told = await redis.info('cluster').catch((error: Error) => {
    if (error.message.startsWith('NOPERM')) return '' // a hosted one that forbids to ask
    throw error
  })
  return /^cluster_enabled:1/m.test(told)
}

/** The connection for queues: it waits for Redis as long as it takes (BullMQ demands no retry limit). */
export function connectQueueRedis(url: string): Redis {
  return connect(url, { maxRetriesPerRequest: null })
}

/**
 * A connection for channels, that is not opened yet. It waits for as long as Redis is away, and subscribes to nothing by itself
 * when it is back. The connection that it stands beside reports that Redis is away.
 */
export function subscriberBeside(redis: Redis): Redis {
  const subscriber = redis.duplicate({
    lazyConnect: true,
    enableOfflineQueue: true,
    maxRetriesPerRequest: null,
    commandTimeout: undefined,
    autoResubscribe: false
  })
  subscriber.on('error', () => {})
  return subscriber
}

/** Resolves once the connection can be used. Rejects after `timeoutMs`, saying which variable names the server. */
export async function ready(redis: Redis, variable: string, timeoutMs = 5000): Promise<void> {
  if (redis.status === 'ready') return
  const isReady = new Promise<void>((resolve) => redis.once('ready', resolve))
  await withTimeout(isReady, timeoutMs, () => {
    throw new Error(`Redis (${variable}) did not answer within ${timeoutMs} ms`)
  })
}

/**
 * Does something again until it works: where everything starts at once, or comes back, a machine is late with answers that
 * a request must not wait for. Rejects with the last failure after 15 s. The step must bear being done again.
 */
export async function retryDuringStart<T>(step: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return await step()
    } catch (error) {
      if (performance.now() > giveUpAt) throw error
      await delay(RETRY_MS)
    }
  }
}

function connect(
  url: string,
  options: { enableOfflineQueue?: boolean; maxRetriesPerRequest: number | null; commandTimeout?: number }
): Redis {
  const redis = new Redis(url, {
    ...options,
    retryStrategy: (attempt) => Math.min(attempt * 100, MAX_RECONNECT_DELAY_MS)
  })
  // Commands report the outage where it matters; without a listener ioredis prints each failed reconnection.
  redis.on('error', () => undefined)
  return redis
}
