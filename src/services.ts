import type { Redis } from 'ioredis'
import { ConfigError, type Config } from './config/config.ts'
import { isClusterNode, NO_CLUSTER, ready, retryDuringStart } from './redis/connections.ts'

/** Throws ConfigError: a process that was not started by `npm start` must be told where its services are. */
export function serviceUrls({ DATABASE_URL, REDIS_URL, REDIS_CACHE_URL, LOG_REDIS_URL, kafka }: Config) {
  if (DATABASE_URL && REDIS_URL) {
    return {
      databaseUrl: DATABASE_URL,
      redisUrl: REDIS_URL,
      cacheUrl: REDIS_CACHE_URL ?? REDIS_URL,
      logUrl: kafka ? REDIS_URL : (LOG_REDIS_URL ?? REDIS_URL)
    }
  }
  const missing = Object.entries({ DATABASE_URL, REDIS_URL }).filter(([, url]) => !url)
  throw new ConfigError(missing.map(([name]) => `${name} must be set; or let npm start bring its own services`))
}

/** Throws ConfigError where the variable names a node of a Redis Cluster. */
export async function readySingleServer(redis: Redis, variable: string): Promise<void> {
  await ready(redis, variable)
  if (await retryDuringStart(() => isClusterNode(redis))) throw new ConfigError([`${variable} ${NO_CLUSTER}`])
}
