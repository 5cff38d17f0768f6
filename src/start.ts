import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { migrate, WrongMarketError } from '../db/migrate.ts'
import { keptSince } from '../db/retention.ts'
import { ConfigError, loadConfig, type Config } from './config/config.ts'
import { servicesThatDoNotAnswer } from './commands/diagnosis.ts'
import { onParentGone } from './embedded/child.ts'
import { startChild, type Child } from './embedded/child-process.ts'
import { holdHome } from './embedded/home-lock.ts'
import { homeOf, type Home } from './embedded/home.ts'
import { choosePort, isLoopback } from './embedded/listen-port.ts'
import { startPostgres } from './embedded/postgres.ts'
import { Progress, seconds } from './embedded/progress.ts'
import { startRedis } from './embedded/redis.ts'
import { publishRunning, withdrawRunning } from './embedded/running.ts'
import { keptSecret } from './embedded/secret.ts'
import { EmbeddedServiceError } from './embedded/server-process.ts'
import { Supervisor } from './embedded/supervisor.ts'
import { firstKey } from './commands/first-key.ts'
import { signInLink } from './commands/sign-in-link.ts'
import { vendorsOutOfReach } from './commands/reach.ts'
import { abortable } from './timeout.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const FORCED_EXIT_CODE = 130

/** What every step of the start works with. */
type Start = {
  readonly config: Config
  readonly home: Home
  readonly progress: Progress
  readonly supervisor: Supervisor
  readonly signal: AbortSignal
}

type System = { url: string; key: string | undefined; link: string | undefined }

const OPEN_TO_OTHERS =
  'other machines reach the API, unencrypted; give it a proxy with TLS where they may not be trusted'

const say = (text: string) => process.stdout.write(`${text}\n`)

/** `npm start`: the whole system on this machine, until a signal or the end of one of its parts. */
async function main(): Promise<void> {
  const startedAt = Date.now()
  if (existsSync('.env')) process.loadEnvFile('.env')
  const config = loadConfig(process.env)
  const home = homeOf(config.QUOTEWIRE_HOME, config.MARKET)

  const ending = new AbortController()
  const observer = {
    onRestart: (what: string) => say(`\n${what}. Starting it again; logs are in ${home.logs}`),
    onLoss(what: string) {
      process.exitCode = 1
      say(`\n${what}. Stopping everything; logs are in ${home.logs}`)
      ending.abort()
    }
  }
  const supervisor = new Supervisor(observer, ending.signal)
  stopOnSignals(ending, supervisor)

  const progress = new Progress(say)
  try {
    say(`Starting Quotewire with the ${config.MARKET} market; data in ${home.market}`)
    for (const line of config.misspelt) progress.note(line)
    const system = await bringUp({ config, home, progress, supervisor, signal: ending.signal })
    say(welcome(system, config, home, seconds(startedAt)))
    if (config.MARKET === 'live') void tellOfSilentVendors(config, ending.signal)
    await aborted(ending.signal)
  } catch (error) {
    if (!ending.signal.aborted) throw error
  } finally {
    progress.end()
    await supervisor.stop()
  }
  say('Stopped.')
}

/** In one line, some seconds later: nothing waits for it. */
async function tellOfSilentVendors(config: Config, signal: AbortSignal): Promise<void> {
  const vendors = await vendorsOutOfReach(config)
  if (vendors.length > 0 && !signal.aborted) say(`Vendors that cannot be reached: ${vendors.join(', ')}`)
}

/** The first signal stops in order, a second one at once. */
function stopOnSignals(ending: AbortController, supervisor: Supervisor): void {
  const stop = () => {
    if (ending.signal.aborted) {
      supervisor.kill()
      process.exit(FORCED_EXIT_CODE)
    }
    say('\nStopping (once more to stop at once)')
    ending.abort()
  }
  for (const signal of SIGNALS) process.on(signal, stop)
  onParentGone(() => ending.abort())
}

async function bringUp(start: Start): Promise<System> {
  const { config, home, progress, supervisor, signal } = start
  const lock = await holdHome(home.root, home.market)
  supervisor.add('the lock', { stop: () => lock.release() })
  const port = await choosePort({
    host: config.HOST,
    port: config.PORT,
    chosenByUser: Boolean(process.env.PORT?.trim())
  })
  if (port !== config.PORT) progress.note(`Port ${config.PORT} is taken; PORT chooses another than ${port}`)

  const silent = await servicesThatDoNotAnswer(config)
  if (silent.length > 0) throw new EmbeddedServiceError(silent.join('\n'))
  if (!isLoopback(config.HOST)) progress.note(`HOST is ${config.HOST}: ${OPEN_TO_OTHERS}`)

  const [databaseUrl, redisUrl, sandboxUrl] = await settleAll([database(start), redis(start), sandbox(start)])
  const key = await progress.step('Database schema', () => abortable(prepareDatabase(start, databaseUrl), signal))
  signal.throwIfAborted()

  const env = {
    ...process.env,
    QUOTEWIRE_HOME: home.root,
    PORT: `${port}`,
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    JWT_SECRET: config.JWT_SECRET ?? (await keptSecret(home.jwtSecret)),
    ...(sandboxUrl !== undefined && { SANDBOX_URL: sandboxUrl })
  }
  const [, , , api] = await settleAll([
    launch(start, 'Worker', '../workers/run-jobs.ts', env, metricsPortOf),
    ingestion(start, env),
    launch(start, 'Persist', '../workers/run-persist.ts', { ...env, METRICS_PORT: undefined }, metricsPortOf),
    launch(start, 'API', 'server.ts', env, (url) => ({ PORT: `${portOf(url)}` }))
  ])
  const url = api.url ?? `http://${config.HOST}:${port}`
  await publishRunning(home, { pid: process.pid, url, databaseUrl, redisUrl, sandboxUrl })
  supervisor.add('the note of what runs', { stop: () => withdrawRunning(home) })
  return { url, key, link: key && (await signInLink(url, key)) }
}

async function database({ config, home, progress, supervisor, signal }: Start): Promise<string> {
  if (config.DATABASE_URL) return config.DATABASE_URL
  const start = (port?: number) =>
    progress.step('Postgres', () =>
      startPostgres({ home: home.root, directory: home.postgres, signal, ...(port && { port }) })
    )
  const postgres = await start()
  supervisor.add('Postgres', postgres, () => start(portOf(postgres.url)))
  return postgres.url
}

/** Migrated and with a key to begin with. */
async function prepareDatabase({ config, home }: Start, url: string): Promise<string | undefined> {
  try {
    await migrate(url, config.MARKET, keptSince(config, Date.now()).partitioned)
    return await firstKey(url, home.firstKey)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (!config.DATABASE_URL || code === undefined) throw error
    throw new EmbeddedServiceError(`The database of DATABASE_URL cannot be used: ${message}`, { cause: error })
  }
}

async function redis({ config, home, progress, supervisor, signal }: Start): Promise<string> {
  if (config.REDIS_URL) return config.REDIS_URL
  const onProgress = (step: string) => progress.note(step)
  const start = (port?: number) =>
    progress.step('Redis', () =>
      startRedis({
        home: home.root,
        directory: home.redis,
        downloadBaseUrl: config.REDIS_DOWNLOAD_URL,
        onProgress,
        signal,
        ...(port && { port })
      })
    )
  const redis = await start()
  supervisor.add('Redis', redis, () => start(portOf(redis.url)))
  return redis.url
}

/** Where the simulated market answers; undefined for the live one. One that runs elsewhere is named by SANDBOX_URL. */
async function sandbox(start: Start): Promise<string | undefined> {
  if (start.config.MARKET !== 'sandbox') return undefined
  if (process.env.SANDBOX_URL?.trim()) return start.config.SANDBOX_URL
  const env = { ...process.env, SANDBOX_URL: 'http://127.0.0.1:0' }
  const child = await launch(start, 'Sandbox', 'sandbox/run-sandbox.ts', env, (url) => ({ SANDBOX_URL: url }))
  return child.url
}

/** Listens to vendors where there is one to listen to. METRICS_PORT is the worker's. */
async function ingestion(start: Start, env: NodeJS.ProcessEnv): Promise<Child | undefined> {
  const { alpaca, massive, tws, upstox, finnhub, tiingo, yahoo } = start.config.streams
  if ((alpaca ?? massive ?? tws ?? upstox ?? finnhub ?? tiingo ?? yahoo) === undefined) return undefined
  return launch(start, 'Ingest', '../workers/run-ingest.ts', { ...env, METRICS_PORT: '' }, () => ({}))
}

/** `at` gives the settings by which it listens at an address: started again, it listens where it did before. */
async function launch(
  { home, progress, supervisor, signal }: Start,
  name: string,
  entry: string,
  env: NodeJS.ProcessEnv,
  at: (url: string) => NodeJS.ProcessEnv
): Promise<Child> {
  const logFile = join(home.logs, `${name.toLowerCase()}.log`)
  const start = (address?: NodeJS.ProcessEnv) =>
    progress.step(name, () =>
      startChild({ name, entry: join(import.meta.dirname, entry), env: { ...env, ...address }, logFile, signal })
    )
  const child = await start()
  supervisor.add(name, child, () => start(child.url === undefined ? undefined : at(child.url)))
  return child
}

const metricsPortOf = (url: string) => ({ METRICS_PORT: `${portOf(url)}` })

/** An address with the protocol's own port names none. */
const portOf = (url: string): number => Number(new URL(url).port || 80)

/** Like Promise.all, but returns only when all have settled: what is still starting must not escape from being stopped. */
async function settleAll<T extends readonly unknown[]>(work: {
  [Index in keyof T]: Promise<T[Index]>
}): Promise<T> {
  await Promise.allSettled(work)
  return Promise.all(work)
}

function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return Promise.resolve(undefined)
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }))
}

function welcome({ url, key, link }: System, config: Config, home: Home, took: string): string {
  const bearer = '-H "Authorization: Bearer $KEY"'
  const off = Object.entries(config.providers).filter(([, { needsKey, apiKey }]) => needsKey && !apiKey)
  const keyLine = key ?? 'revoked; make another with: npm run key -- --user NAME --scope market:read'
  return `
Quotewire is ready after ${took}
  Console   ${link ?? url}${link === undefined ? '' : '   (signs you in; once, within ten minutes)'}
  API       ${url}   (documentation: ${url}/docs)
  API key   ${keyLine}
  Logs      ${home.logs}${off.length > 0 ? `\n  Off       ${off.map(([name]) => name).join(', ')}: no API key` : ''}

Try:
  KEY=${key ?? 'YOUR_KEY'}
  curl -s ${bearer} ${url}/api/v1/market/quote/AAPL
  curl -s ${bearer} "${url}/api/v1/market/historical/AAPL?period=1mo&format=csv"

Ctrl-C stops everything.`
}

try {
  await main()
} catch (error) {
  const forPeople = [ConfigError, EmbeddedServiceError, WrongMarketError].some((kind) => error instanceof kind)
  process.stderr.write(`\n${forPeople ? (error as Error).message : (error as Error).stack}\n`)
  process.exitCode = 1
}
// What was given up may still wait for an answer.
process.exit()
