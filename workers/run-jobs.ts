import { hostname } from 'node:os'
import closeWithGrace from 'close-with-grace'
import type { Logger } from 'pino'
import { ConfigError, loadConfig, type Config } from '../src/config/config.ts'
import { createCore } from '../src/core.ts'
import { onParentGone, reportReady } from '../src/embedded/child.ts'
import type { JobQueues } from '../src/jobs/queue.ts'
import { createLogger } from '../src/logger.ts'
import { shippedCalendars } from '../src/exchange-calendars.ts'
import { SessionClock } from '../src/market/session-clock.ts'
import { startMonitor } from '../src/metrics/monitor.ts'
import { connectQueueRedis, retryDuringStart } from '../src/redis/connections.ts'
import { createVendors } from '../src/vendors.ts'
import { startJobWorkers } from './worker.ts'

const STOP_TIMEOUT_MS = 10_000

type JobProcess = {
  /** Where its monitor listens, if it has one. */
  monitorUrl: string | undefined
  close(): Promise<void>
}

/** Starts working the queues: schedules first, so that a fresh installation has something to do at once. */
async function startJobs(config: Config, log: Logger): Promise<JobProcess> {
  const clock = new SessionClock(shippedCalendars(config))
  const core = await createCore({ config, log, clock, vendors: createVendors(config, clock.hoursOf) })
  const connection = connectQueueRedis(config.REDIS_URL!)
  const closers: (() => unknown)[] = [() => core.close(), () => connection.disconnect()]
  const close = async () => {
    for (const closer of closers.splice(0).toReversed()) await closer()
  }
  try {
    const { recorder, metrics, dependencies, stores } = core
    metrics.watch({ gaps: stores.gaps })
    const port = config.METRICS_PORT
    const monitor =
      port === undefined ? undefined : await startMonitor({ host: config.HOST, port, metrics, dependencies })
    closers.push(() => monitor?.close())
    await retryDuringStart(() => core.queues.syncSchedules())
    // A Redis that lost its data comes back without them.
    core.redis.on('ready', () => void restoreSchedules(core.queues, log))
    const name = `${hostname()}:${process.pid}`
    const context = { ...core, config, log, now: Date.now }
    const workers = startJobWorkers({ name, connection, context, recorder, metrics })
    closers.push(() => workers.close())
    await workers.ready()
    return { monitorUrl: monitor?.url, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function restoreSchedules(queues: JobQueues, log: Logger): Promise<void> {
  try {
    await retryDuringStart(() => queues.restoreSchedules())
  } catch (err) {
    log.warn({ err }, 'the schedules could not be looked after; they are when Redis is back')
  }
}

async function main(): Promise<void> {
  const config = loadConfig(process.env)
  const log = createLogger(config)
  for (const line of config.misspelt) log.warn(line)
  const jobs = await startJobs(config, log)
  const grace = closeWithGrace({ delay: STOP_TIMEOUT_MS, logger: false }, async ({ err, signal }) => {
    if (err) log.fatal({ err }, 'the jobs stop after an error nobody handled')
    else log.info({ signal }, 'the jobs stop')
    await jobs.close()
  })
  onParentGone(grace.close)
  log.info({ market: config.MARKET, monitor: jobs.monitorUrl }, 'the jobs run')
  reportReady(jobs.monitorUrl)
}

if (import.meta.main) {
  try {
    await main()
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`)
    process.exit(1)
  }
}
