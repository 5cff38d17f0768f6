import type { Logger } from 'pino'
import { createDatabase } from '../db/client.ts'
import { createLogLeaseStore } from '../db/log-leases.ts'
import { claimMarket } from '../db/migrate.ts'
import { createStores } from '../db/stores.ts'
import type { Config } from '../src/config/config.ts'
import { openEventLog } from '../src/event-log.ts'
import { createCalendarKeeper, isAlwaysOpen, shippedCalendars } from '../src/exchange-calendars.ts'
import { createIntake } from '../src/intake/intake.ts'
import { SessionClock } from '../src/market/session-clock.ts'
import { createMetrics } from '../src/metrics/metrics.ts'
import { startMonitor } from '../src/metrics/monitor.ts'
import { createPersistStats } from '../src/metrics/persist-gauges.ts'
import { connectFailFast, retryDuringStart } from '../src/redis/connections.ts'
import { readySingleServer, serviceUrls } from '../src/services.ts'
import { ShardOwner } from './persist/shard-owner.ts'
import { runProcess, type RunningProcess } from '../src/run-process.ts'

/** Starts writing the event log to Postgres: what it shares with others first, its shards last; `close` stops in reverse. */
async function startPersist(config: Config, log: Logger): Promise<RunningProcess> {
  const { databaseUrl, logUrl } = serviceUrls(config)
  const closers: (() => unknown)[] = []
  const close = async () => {
    for (const closer of closers.splice(0).toReversed()) await closer()
  }
  try {
    const database = createDatabase({ url: databaseUrl, applicationName: 'quotewire persist' })
    closers.push(() => database.close())
    await claimMarket(database.sql, config.MARKET)
    const { eventLog, dependencies: ofLog } = await openEventLog({
      config,
      log,
      async redis() {
        const redis = connectFailFast(logUrl)
        closers.push(() => redis.disconnect())
        await readySingleServer(redis, 'LOG_REDIS_URL')
        return redis
      }
    })
    closers.push(() => eventLog.close())
    const clock = new SessionClock(shippedCalendars(config))
    if (!isAlwaysOpen(config)) {
      const calendars = createCalendarKeeper({ store: createStores(database).calendars, clock, log })
      closers.push(() => calendars.close())
      await retryDuringStart(() => calendars.reload())
    }
    const metrics = createMetrics()
    const dependencies = { postgres: () => database.ping(), ...ofLog }
    const stats = createPersistStats()
    metrics.watch({ persist: stats, dependencies })
    const port = config.METRICS_PORT
    const monitor =
      port === undefined ? undefined : await startMonitor({ host: config.HOST, port, metrics, dependencies })
    closers.push(() => monitor?.close())
    const intake = createIntake({
      eventLog,
      log,
      record: () => undefined,
      quoteIntervalMs: config.QUOTE_INTERVAL_MS,
      hoursOf: clock.hoursOf
    })
    closers.push(() => intake.close())
    const owner = new ShardOwner({
      intake,
      leases: createLogLeaseStore(database),
      eventLog,
      database,
      clock,
      batchSize: config.BATCH_SIZE,
      batchMs: config.BATCH_MS,
      keepsBbo: config.BBO_DAYS > 0,
      stats,
      log
    })
    closers.push(() => owner.close())
    await owner.ready()
    return { url: monitor?.url, close }
  } catch (error) {
    await close()
    throw error
  }
}

if (import.meta.main) await runProcess(startPersist, { runs: 'the log is written to Postgres', stops: 'persist stops' })
