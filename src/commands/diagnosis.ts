import { execFile } from 'node:child_process'
import { access, constants, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Redis } from 'ioredis'
import { createDatabase, type Database } from '../../db/client.ts'
import { pendingMigrations } from '../../db/migration-status.ts'
import { ConfigError, loadConfig, type Config } from '../config/config.ts'
import { homeOf, type Home } from '../embedded/home.ts'
import { serversIn } from '../embedded/leftovers.ts'
import { POSTGRES_PROGRAM } from '../embedded/postgres.ts'
import { findPostgres } from '../embedded/postgres-binaries.ts'
import { locateRedis } from '../embedded/redis-binaries.ts'
import { REDIS_PROGRAM } from '../embedded/redis.ts'
import { findRunning, type Running } from '../embedded/running.ts'
import { PROVIDER_NAMES } from '../providers/provider.ts'
import { connectFailFast, isClusterNode, isTooOldRedis, NO_CLUSTER, OLDEST_REDIS, ready } from '../redis/connections.ts'
import { withTimeout } from '../timeout.ts'
import { kafkaReached } from './kafka-reach.ts'
import { addressOf, reach, reason } from './reach.ts'
import { replicaReached } from './replica-reach.ts'
import { streamsReached } from './stream-reach.ts'

const REQUIRED_NODE_MAJOR = 24
const REDIS_TIMEOUT_MS = 3000
const DATABASE_TIMEOUT_MS = 6000
/** A Date header has whole seconds; beyond this, tokens and the age of prices begin to lie. */
const MAX_CLOCK_SKEW_MS = 5000
const LOW_DISK_BYTES = 1_000_000_000
/** The first that knows `!override`, by which docs/operations.md gives the proxy its ports. */
const OLDEST_COMPOSE = '2.24.4'
const COMPOSE_TIMEOUT_MS = 5000

/** `problem`: it will not work like this. `note`: it works, with less. */
export type Finding = { check: string; state: 'ok' | 'note' | 'problem'; detail: string }

class SilentDatabase extends Error {
  readonly code = 'CONNECT_TIMEOUT'
}

/** Looks at everything that a start needs, and changes nothing. Findings never hold a key, a password or an address with one. */
export async function diagnose(env: NodeJS.ProcessEnv, now: () => number = Date.now): Promise<Finding[]> {
  const runtime = checkNode()
  const config = readConfig(env)
  if (Array.isArray(config)) return [runtime, ...config]

  const home = homeOf(config.QUOTEWIRE_HOME, config.MARKET)
  const running = await findRunning(home)
  const checks = await Promise.all([
    checkHome(home),
    checkPostgres(config, home, running),
    checkReplica(config),
    checkRedis(config, home, running),
    checkKafka(config),
    config.MARKET === 'live' ? checkVendors(config, now) : checkSandbox(config, running),
    checkCompose()
  ])
  const misspelt = config.misspelt.map((line) => found('Configuration', 'note', line))
  return [runtime, found('Configuration', 'ok', `${config.MARKET} market`), ...misspelt, ...checks.flat()]
}

/** What the environment names and cannot be used now, a line for each, with the reason. */
export async function servicesThatDoNotAnswer(config: Config): Promise<string[]> {
  const { DATABASE_URL, REDIS_URL, LOG_REDIS_URL, REDIS_CACHE_URL } = config
  const askRedis = (name: string, url: string) => withRedis(name, url, (redis) => redis.ping())
  const asked = [
    DATABASE_URL && { name: 'DATABASE_URL', answer: withDatabase(DATABASE_URL, (database) => database.ping()) },
    REDIS_URL && { name: 'REDIS_URL', answer: askRedis('REDIS_URL', REDIS_URL) },
    LOG_REDIS_URL && { name: 'LOG_REDIS_URL', answer: askRedis('LOG_REDIS_URL', LOG_REDIS_URL) },
    REDIS_CACHE_URL && { name: 'REDIS_CACHE_URL', answer: askRedis('REDIS_CACHE_URL', REDIS_CACHE_URL) }
  ].filter((each) => typeof each === 'object')
  const lines = await Promise.all(
    asked.map(({ name, answer }) =>
      answer.then(
        () => [],
        (error: unknown) => [`The service of ${name} cannot be used: ${reason(error)}`]
      )
    )
  )
  const kafka = await kafkaReached(config)
  return [...lines.flat(), ...(kafka?.state === 'problem' ? [`Kafka cannot be used: ${kafka.detail}`] : [])]
}

function checkNode(): Finding {
  const enough = Number(process.versions.node.split('.')[0]) >= REQUIRED_NODE_MAJOR
  return found('Node.js', enough ? 'ok' : 'problem', `${process.version}; ${REQUIRED_NODE_MAJOR} or newer is needed`)
}

function readConfig(env: NodeJS.ProcessEnv): Config | Finding[] {
  try {
    return loadConfig(env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map((problem) => found('Configuration', 'problem', problem))
  }
}

/** Says nothing where there is no Docker: everything but the composition works without. */
async function checkCompose(): Promise<Finding[]> {
  const asked = promisify(execFile)('docker', ['compose', 'version', '--short'], { timeout: COMPOSE_TIMEOUT_MS })
  const version = await asked.then(
    ({ stdout }) => /\d+(\.\d+)+/.exec(stdout)?.[0],
    () => undefined
  )
  if (version === undefined) return []
  const isOld = version.localeCompare(OLDEST_COMPOSE, 'en', { numeric: true }) < 0
  const detail = `version ${version}; docker-compose.yml needs ${OLDEST_COMPOSE} or newer`
  return [found('Docker Compose', isOld ? 'note' : 'ok', detail)]
}

async function checkHome({ root, market }: Home): Promise<Finding> {
  try {
    const folder = await existingFolder(market)
    const { blocks, bavail, bsize } = await statfs(folder)
    if (blocks === 0) return found('Home', 'problem', `${root} cannot be written: nothing can be kept in ${folder}`)
    for (const each of new Set([await existingFolder(root), folder])) {
      await access(each, constants.W_OK)
      if (!(await stat(each)).isDirectory()) return found('Home', 'problem', `${each} is no folder`)
    }
    const free = bavail * bsize
    const detail = `${(free / 1e9).toFixed(1)} GB free in ${root}`
    if (free >= LOW_DISK_BYTES) return found('Home', 'ok', detail)
    return found('Home', 'problem', `${detail}: make room, at least ${LOW_DISK_BYTES / 1e9} GB`)
  } catch (error) {
    return found('Home', 'problem', `${root} cannot be written: ${reason(error)}`)
  }
}

/** The folder itself, or the nearest one above it that is there already. */
async function existingFolder(path: string): Promise<string> {
  return access(path).then(
    () => path,
    () => existingFolder(dirname(path))
  )
}

async function checkPostgres(config: Config, home: Home, running: Running | undefined): Promise<Finding[]> {
  const url = config.DATABASE_URL ?? running?.databaseUrl
  const whose = config.DATABASE_URL ? 'DATABASE_URL' : 'embedded'
  if (url === undefined) return [await embeddedPostgres(home)]

  try {
    return await withDatabase(url, async ({ sql }) => {
      const [server] = await sql`show server_version`
      const pending = await pendingMigrations(sql)
      const schema = pending.length > 0 ? `npm start will apply ${pending.join(', ')}` : 'up to date'
      return [
        found('Postgres', 'ok', `${whose}, version ${server?.server_version}`),
        found('Database schema', pending.length > 0 ? 'note' : 'ok', schema)
      ]
    })
  } catch (error) {
    return [found('Postgres', 'problem', `${whose} does not answer: ${reason(error)}`)]
  }
}

async function withDatabase<T>(url: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = createDatabase({ url, applicationName: 'quotewire-doctor' })
  try {
    // A server that was stopped in the middle of a statement says nothing either.
    return await withTimeout(work(database), DATABASE_TIMEOUT_MS, () => {
      throw new SilentDatabase()
    })
  } finally {
    await database.close()
  }
}

async function embeddedPostgres(home: Home): Promise<Finding> {
  try {
    const { major } = await findPostgres(home.root)
    const left = await leftover('Postgres', join(home.postgres, 'data'), POSTGRES_PROGRAM)
    return left ?? found('Postgres', 'ok', `not running; npm start brings Postgres ${major}`)
  } catch (error) {
    return found('Postgres', 'problem', (error as Error).message)
  }
}

/** What a start that was killed left working. */
async function leftover(check: string, directory: string, program: RegExp): Promise<Finding | undefined> {
  const [pid] = (await serversIn(directory, program)).toSorted((a, b) => a - b)
  if (pid === undefined) return undefined
  return found(check, 'note', `process ${pid} is left of a start that was killed; the next npm start ends it`)
}

async function checkRedis(config: Config, home: Home, running: Running | undefined): Promise<Finding[]> {
  const url = config.REDIS_URL ?? running?.redisUrl
  const whose = config.REDIS_URL ? 'REDIS_URL' : 'embedded'
  const queues = url === undefined ? await embeddedRedis(home) : await inspectRedis(whose, url, true)
  const { LOG_REDIS_URL, REDIS_CACHE_URL } = config
  return [
    queues,
    ...(LOG_REDIS_URL === undefined ? [] : [await inspectRedis('LOG_REDIS_URL', LOG_REDIS_URL, true)]),
    ...(REDIS_CACHE_URL === undefined ? [] : [await inspectRedis('REDIS_CACHE_URL', REDIS_CACHE_URL, false)])
  ]
}

async function checkKafka(config: Config): Promise<Finding[]> {
  const reached = await kafkaReached(config)
  return reached ? [found('Kafka', reached.state, reached.detail)] : []
}

async function checkReplica(config: Config): Promise<Finding[]> {
  const reached = await replicaReached(config)
  return reached ? [found('Replica of Postgres', reached.state, reached.detail)] : []
}

async function inspectRedis(whose: string, url: string, mustKeep: boolean): Promise<Finding> {
  try {
    return await withRedis(whose, url, async (redis) => {
      const version = /^redis_version:(\S+)/m.exec(await redis.info('server'))?.[1]
      const policy = await evictionPolicy(redis)
      const evicts = policy !== undefined && policy !== 'noeviction'
      const detail = `${whose}, version ${version}, ${policy ?? 'eviction policy not told'}`
      if (version && isTooOldRedis(version)) {
        return found('Redis', 'problem', `${detail}: version ${OLDEST_REDIS} or a newer one is needed`)
      }
      if (await isClusterNode(redis)) return found('Redis', 'problem', `${whose} ${NO_CLUSTER}`)
      if (!mustKeep || !evicts) return found('Redis', policy === undefined ? 'note' : 'ok', detail)
      return found(
        'Redis',
        'problem',
        `${detail}: set maxmemory-policy noeviction, or queued work and events can be lost`
      )
    })
  } catch (error) {
    return found('Redis', 'problem', `${whose} does not answer: ${reason(error)}`)
  }
}

/** Rejects with the server's own refusal where it gave one. */
async function withRedis<T>(whose: string, url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = connectFailFast(url)
  let refusal: Error | undefined
  redis.on('error', (error) => (refusal = error))
  try {
    await ready(redis, whose, REDIS_TIMEOUT_MS)
    return await work(redis)
  } catch (error) {
    throw refusal ?? error
  } finally {
    redis.disconnect()
  }
}

/** Undefined where a hosted Redis forbids to ask. */
async function evictionPolicy(redis: Redis): Promise<string | undefined> {
  const answer = await redis.config('GET', 'maxmemory-policy').catch(() => [])
  return (answer as string[])[1]
}

async function embeddedRedis(home: Home): Promise<Finding> {
  const left = await leftover('Redis', join(home.redis, 'data'), REDIS_PROGRAM)
  if (left) return left
  const binary = await locateRedis(home.root)
  if (binary) return found('Redis', 'ok', `not running; npm start runs ${binary.program}`)
  return found('Redis', 'note', 'not here yet; npm start fetches it (apt, apk, dnf, or a download), or set REDIS_URL')
}

async function checkSandbox(config: Config, running: Running | undefined): Promise<Finding[]> {
  const own = running?.sandboxUrl
  if (own === undefined && running === undefined) return [found('Sandbox', 'ok', 'not running; npm start runs it')]
  const { silentBecause } = await reach(own ?? config.SANDBOX_URL)
  return [
    found('Sandbox', silentBecause ? 'problem' : 'ok', silentBecause ? `not reachable: ${silentBecause}` : 'answers')
  ]
}

async function checkVendors(config: Config, now: () => number): Promise<Finding[]> {
  const answers = await Promise.all(
    PROVIDER_NAMES.map(async (name) => {
      const { needsKey, apiKey } = config.providers[name]
      const key = needsKey ? (apiKey ? 'key present' : 'off: no key') : 'needs no key'
      const { silentBecause, skewMs } = await reach(addressOf(name, config), now)
      const usable = !needsKey || apiKey !== undefined
      const state = silentBecause && usable ? 'problem' : usable ? 'ok' : 'note'
      const reached = silentBecause ? `not reachable: ${silentBecause}` : 'reachable'
      return { finding: found(name, state, `${key}; ${reached}`), skewMs }
    })
  )
  const streams = (await streamsReached(config)).map(({ name, isOn, detail, isSilent }) =>
    found(name, isOn ? (isSilent ? 'problem' : 'ok') : 'note', detail)
  )
  const skews = answers.flatMap(({ skewMs }) => skewMs ?? []).toSorted((a, b) => a - b)
  return [...answers.map(({ finding }) => finding), ...streams, checkClock(skews[Math.floor(skews.length / 2)])]
}

function checkClock(skewMs: number | undefined): Finding {
  if (skewMs === undefined) return found('Clock', 'note', 'not compared: no vendor told its time')
  const detail = `${(Math.abs(skewMs) / 1000).toFixed(1)} s ${skewMs < 0 ? 'ahead of' : 'behind'} the vendors' clocks`
  return found('Clock', Math.abs(skewMs) > MAX_CLOCK_SKEW_MS ? 'problem' : 'ok', detail)
}

function found(check: string, state: Finding['state'], detail: string): Finding {
  return { check, state, detail }
}
