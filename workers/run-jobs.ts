import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { Config } from '../src/config/config.ts'
import { createCore } from '../src/core.ts'
import type { JobQueues } from '../src/jobs/queue.ts'
import { shippedCalendars } from '../src/exchange-calendars.ts'
import { SessionClock } from '../src/market/session-clock.ts'
import { startMonitor } from '../src/metrics/monitor.ts'
import { connectQueueRedis, retryDuringStart } from '../src/redis/connections.ts'
import { createVendors } from '../src/vendors.ts'
import { startJobWorkers } from './worker.ts'
import { runProcess, type RunningProcess } from '../src/run-process.ts'

/** Starts working the queues: schedules first, so that a fresh installation has something to do at once. */
async function startJobs(config: Config, log: Logger): Promise<RunningProcess> {
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
    return { url: monitor?.url, close }
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

if (import.meta.main) await runProcess(startJobs, { runs: 'the jobs run', stops: 'the jobs stop' })
