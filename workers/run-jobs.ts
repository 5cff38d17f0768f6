import { hostname } from 'node:os'
import closeWithGrace from 'close-with-grace'
import { pino, type Logger } from 'pino'
import { ConfigError, loadConfig, type Config } from '../src/config.ts'
import { createCore } from '../src/core.ts'
import { onParentGone, reportReady } from '../src/embedded/child.ts'
import { connectQueueRedis } from '../src/redis.ts'
import { createVendors, type Vendors } from '../src/vendors.ts'
import { startJobWorkers } from './worker.ts'

const STOP_TIMEOUT_MS = 10_000

export type JobProcess = { close(): Promise<void> }

/** Starts working the queues: schedules first, so that a fresh installation has something to do at once. */
export async function startJobs(config: Config, log: Logger, vendors: Vendors): Promise<JobProcess> {
  const core = await createCore({ config, log, vendors })
  const connection = connectQueueRedis(config.REDIS_URL!)
  try {
    await core.queues.syncSchedules()
    const context = { ...core, config, log, now: Date.now }
    const { recorder, metrics } = core
    const name = `${hostname()}:${process.pid}`
    const workers = startJobWorkers({ name, connection, context, recorder, metrics })
    await workers.ready()
    return {
      async close() {
        await workers.close()
        connection.disconnect()
        await core.close()
      }
    }
  } catch (error) {
    connection.disconnect()
    await core.close()
    throw error
  }
}

async function main(): Promise<void> {
  const config = loadConfig(process.env)
  const log = pino({ level: config.LOG_LEVEL })
  const jobs = await startJobs(config, log, createVendors(config))
  const grace = closeWithGrace({ delay: STOP_TIMEOUT_MS, logger: false }, async ({ err, signal }) => {
    if (err) log.fatal({ err }, 'the jobs stop after an error nobody handled')
    else log.info({ signal }, 'the jobs stop')
    await jobs.close()
  })
  onParentGone(grace.close)
  log.info({ market: config.MARKET }, 'the jobs run')
  reportReady()
}

if (import.meta.main) {
  try {
    await main()
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`)
    process.exit(1)
  }
}
