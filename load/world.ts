import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate } from '../db/migrate.ts'
import { createDatabase } from '../db/client.ts'
import { createStores } from '../db/stores.ts'
import { startPostgres } from '../src/embedded/postgres.ts'
import { startRedis } from '../src/embedded/redis.ts'
import type { Quote } from '../src/market/quote.ts'
import { leaveProcessorToServers, startServer, type Server } from './processes.ts'

/** Everything that a load needs around the servers it measures, on this machine and thrown away afterwards. */
export type World = {
  redisUrl: string
  sandboxUrl: string
  redisPid: number
  postgresPid: number
  /** The environment of an API process in this world. */
  env: Record<string, string>
  /** Keeps quotes of before, as last good values of symbols that no vendor knows. */
  keepQuotes(quotes: readonly Quote[]): Promise<unknown>
  /** A fresh user's API key with all scopes. */
  createKey(user: string): Promise<string>
  stop(): Promise<void>
}

export type WorldOptions = {
  /** Nobody has a processor of its own. */
  isShared?: boolean
  /** How often simulated prices move; as SANDBOX_TICK_MS says where it is left out. */
  tickMs?: number
}

export async function startWorld({ isShared = false, tickMs }: WorldOptions = {}): Promise<World> {
  if (!isShared) leaveProcessorToServers()
  const home = await mkdtemp(join(tmpdir(), 'quotewire-load-'))
  const stops: (() => Promise<unknown>)[] = [() => rm(home, { recursive: true, force: true })]
  const stop = async () => {
    for (const each of stops.toReversed()) await each()
  }
  try {
    const postgres = await startPostgres({ home, directory: join(home, 'postgres'), durable: false })
    stops.push(() => postgres.stop())
    const redis = await startRedis({ home, directory: join(home, 'redis') })
    stops.push(() => redis.stop())
    await migrate(postgres.url)
    const database = createDatabase({ url: postgres.url, applicationName: 'quotewire load' })
    stops.push(() => database.close())
    const sandbox = await startServer('src/sandbox/run-sandbox.ts', {
      SANDBOX_URL: 'http://127.0.0.1:0',
      ...(tickMs !== undefined && { SANDBOX_TICK_MS: String(tickMs) })
    })
    stops.push(() => sandbox.stop())
    const stores = createStores(database)
    return {
      redisUrl: redis.url,
      sandboxUrl: sandbox.url,
      redisPid: redis.pid,
      postgresPid: postgres.pid,
      env: {
        MARKET: 'sandbox',
        SANDBOX_URL: sandbox.url,
        DATABASE_URL: postgres.url,
        REDIS_URL: redis.url,
        JWT_SECRET: randomBytes(32).toString('hex'),
        TOKEN_TTL_SECONDS: '3600',
        RATE_LIMIT_PER_MINUTE: '10000000',
        YAHOO_LIMITS: '1000000/minute'
      },
      keepQuotes: (quotes) => stores.quotes.upsert(quotes),
      async createKey(name) {
        const user = await stores.users.createUser({ name, plan: 'standard' })
        if (!user) throw new Error(`the user ${name} exists already`)
        const { key } = await stores.keys.createKey({
          userId: user.id,
          scopes: ['market:read', 'stream:read', 'admin:read']
        })
        return key
      },
      stop
    }
  } catch (error) {
    await stop()
    throw error
  }
}

export async function tokenFor(api: Server, apiKey: string): Promise<string> {
  const response = await fetch(`${api.url}/api/v1/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ apiKey })
  })
  const { token } = (await response.json()) as { token?: string }
  if (!token) throw new Error(`no token: ${response.status}`)
  return token
}
