import { setTimeout as delay } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { createDatabase } from '../../db/client.ts'
import { migrate } from '../../db/migrate.ts'
import { createStores } from '../../db/stores.ts'
import { startPostgres } from '../../src/embedded/postgres.ts'
import { startRedis } from '../../src/embedded/redis.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { SECRET } from '../support/api.ts'
import { openDoor } from '../support/door.ts'
import { privateFolder, PROGRAMS_HOME } from '../support/folders.ts'
import { startRealApi, startRealIngest, startRealPersist, type RealProcess } from '../workers/process.ts'

export const PARTS = ['ingest', 'persist', 'api', 'redis', 'postgres'] as const
export type Part = (typeof PARTS)[number]

/** Whoever starts while a service is away ends, and is started again. */
const RESTART_AFTER_MS = 200

type Running = Pick<RealProcess, 'pid' | 'exited' | 'stop'> & { readonly url: string }

/** A part of the system, which is started again as often as it ends. */
class Kept {
  readonly #start: () => Promise<Running>
  readonly #name: Part
  #running: Running | undefined
  #ready = Promise.withResolvers<void>()
  #isStopped = false
  #killed: Running | undefined
  /** Where it ended although nobody had killed it. */
  readonly ownEnds: string[]

  constructor(name: Part, ownEnds: string[], start: () => Promise<Running>) {
    this.#name = name
    this.#start = start
    this.ownEnds = ownEnds
    void this.#keep()
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** Where it listens, or did. */
  url = ''

  ready(): Promise<void> {
    return this.#ready.promise
  }

  /** Ends it at once, with signal 9. */
  kill(): void {
    const running = this.#running!
    this.#killed = running
    this.#running = undefined
    this.#ready = Promise.withResolvers()
    process.kill(running.pid, 'SIGKILL')
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running?.stop()
  }

  async #keep(): Promise<void> {
    while (!this.#isStopped) {
      try {
        const running = await this.#start()
        this.#running = running
        this.url = running.url
        this.#ready.resolve()
        const how = await running.exited
        if (this.#killed !== running && !this.#isStopped) {
          this.ownEnds.push(`${this.#name} ended by itself: ${how}`)
          this.#running = undefined
          this.#ready = Promise.withResolvers()
        }
      } catch {
        await delay(RESTART_AFTER_MS)
      }
    }
  }
}

export type FaultySystem = {
  readonly sandbox: Sandbox
  readonly databaseUrl: string
  readonly parts: Readonly<Record<Part, Kept>>
  /** What ended although nobody had killed it. */
  readonly ownEnds: readonly string[]
  /** Where the API is, whichever process it is now. */
  readonly url: string
  /** A new user's API key. */
  readonly key: string
}

/**
 * The whole system as processes of its own: a vendor's stand-in (here), ingest, persist, an API, Redis with its append-only
 * file, and Postgres. Each is started again when it ends, on the same data. It ends with the test.
 */
export async function startFaultySystem(symbols: readonly string[], tickMs: number): Promise<FaultySystem> {
  const folder = await privateFolder()
  const sandbox = await startSandbox({ tickMs })
  onTestFinished(() => sandbox.close())
  const ownEnds: string[] = []
  const kept = (name: Part, start: () => Promise<Running>): Kept => {
    const part = new Kept(name, ownEnds, start)
    onTestFinished(() => part.stop())
    return part
  }
  const service = (name: 'redis' | 'postgres', start: (port?: number) => Promise<Running>): Kept => {
    let port: number | undefined
    return kept(name, async () => {
      const running = await start(port)
      port = Number(new URL(running.url).port)
      return running
    })
  }
  const home = PROGRAMS_HOME
  const postgres = service('postgres', async (port) =>
    adopted(await startPostgres({ home, directory: `${folder}/postgres`, ...(port !== undefined && { port }) }))
  )
  const redis = service('redis', async (port) =>
    adopted(await startRedis({ home, directory: `${folder}/redis`, ...(port !== undefined && { port }) }))
  )
  await Promise.all([postgres.ready(), redis.ready()])
  await migrate(postgres.url)
  const env = {
    MARKET: 'sandbox',
    SANDBOX_URL: sandbox.url,
    SANDBOX_TICK_MS: `${tickMs}`,
    SUBSCRIBED_SYMBOLS: symbols.join(','),
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    JWT_SECRET: SECRET,
    LOG_SHARDS: '2',
    BATCH_MS: '50',
    RATE_LIMIT_PER_MINUTE: '1000000',
    LOG_LEVEL: 'fatal'
  }
  const door = await openDoor()
  onTestFinished(() => door.close())
  const startApi = async () => {
    const api = await startRealApi(env)
    door.moveTo(Number(new URL(api.url).port))
    return api
  }
  const parts = {
    postgres,
    redis,
    api: kept('api', startApi),
    persist: kept('persist', () => startRealPersist(env)),
    ingest: kept('ingest', () => startRealIngest(env))
  }
  await Promise.all(Object.values(parts).map((part) => part.ready()))
  const url = `http://127.0.0.1:${door.port}`
  return { sandbox, databaseUrl: postgres.url, parts, ownEnds, url, key: await createKey(postgres.url) }
}

/** How an embedded server ended is told in words. */
function adopted(server: Awaited<ReturnType<typeof startRedis>>): Running {
  return { ...server, exited: server.exited.then(() => null), stop: () => server.stop().then(() => null) }
}

async function createKey(databaseUrl: string): Promise<string> {
  const database = createDatabase({ url: databaseUrl })
  try {
    const stores = createStores(database)
    const user = await stores.users.createUser({ name: 'follower' })
    const { key } = await stores.keys.createKey({ userId: user!.id, scopes: ['market:read', 'stream:read'] })
    return key
  } finally {
    await database.close()
  }
}
