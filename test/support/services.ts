import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import postgres from 'postgres'
import { inject } from 'vitest'

/** A claim outlives a killed test run by at most this long. */
const CLAIM_SECONDS = 3600

export type TestRedis = {
  /** Names the logical database, so that a second connection from it sees the same keys. */
  url: string
  redis: Redis
  close(): Promise<void>
}

/**
 * An exclusive, empty logical database of the shared test server. Publish and subscribe are the server's, not the
 * database's: tests that use them need channel names of their own.
 */
export async function testRedis(): Promise<TestRedis> {
  const registry = new Redis(inject('redisUrl'))
  const { url, redis, claim } = await claimDatabase(registry)
  return {
    url,
    redis,
    async close() {
      await redis.flushdb()
      await registry.del(claim)
      redis.disconnect()
      registry.disconnect()
    }
  }
}

/** Database 0 is where claims are kept. One that holds somebody's keys is left alone. */
async function claimDatabase(registry: Redis): Promise<{ url: string; redis: Redis; claim: string }> {
  const [, setting] = (await registry.config('GET', 'databases')) as [string, string]
  const databases = Number(setting) - 1
  for (let tried = 0; tried < databases; tried++) {
    const number = 1 + ((await registry.incr('quotewire-test:turn')) % databases)
    const claim = `quotewire-test:claim:${number}`
    if ((await registry.set(claim, process.pid, 'EX', CLAIM_SECONDS, 'NX')) === null) continue

    const url = new URL(inject('redisUrl'))
    url.pathname = `/${number}`
    const redis = new Redis(url.href)
    if ((await redis.dbsize()) === 0) return { url: url.href, redis, claim }
    redis.disconnect()
    await registry.del(claim)
  }
  registry.disconnect()
  throw new Error(`All ${databases} logical databases of the test Redis are in use`)
}

export type TestDatabase = { url: string; close(): Promise<void> }

/** A fresh, migrated, empty Postgres database. Closing it ends the connections that a test left open. */
export async function testDatabase(): Promise<TestDatabase> {
  const server = postgres(inject('databaseUrl'), { max: 1, onnotice: () => {} })
  const name = `quotewire_test_${randomUUID().replaceAll('-', '')}`
  // Copied through Postgres' log, as by default, it takes several times as long.
  await server`create database ${server(name)} template ${server(inject('templateDatabase'))} strategy file_copy`
  const url = new URL(inject('databaseUrl'))
  url.pathname = name
  return {
    url: url.href,
    async close() {
      await server`drop database if exists ${server(name)} with (force)`
      await server.end()
    }
  }
}
