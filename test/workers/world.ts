import { pino } from 'pino'
import { loadConfig } from '../../src/config/config.ts'
import { createCore, type Core } from '../../src/core.ts'
import { connectQueueRedis } from '../../src/redis/connections.ts'
import type { Vendors } from '../../src/vendors.ts'
import { startJobWorkers, type JobWorkers } from '../../workers/worker.ts'
import { shippedCalendars } from '../../src/exchange-calendars.ts'
import { SessionClock } from '../../src/market/session-clock.ts'

export type WorkerProcess = {
  core: Core
  workers: JobWorkers
  /** What was logged, one object per line. */
  logged: Record<string, unknown>[]
  close(): Promise<void>
}

export type WorkerProcessOptions = {
  name: string
  databaseUrl: string
  redisUrl: string
  vendors: Pick<Vendors, 'providers'>
  env?: Record<string, string>
}

/** One worker process's worth, in this process: the real core, queues and handlers over the given vendors. */
export async function startWorkerProcess(options: WorkerProcessOptions): Promise<WorkerProcess> {
  const { name, databaseUrl, redisUrl, vendors, env } = options
  const config = loadConfig({ MARKET: 'live', DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, ...env })
  const logged: WorkerProcess['logged'] = []
  const log = pino({ level: 'info' }, { write: (line) => logged.push(JSON.parse(line)) })
  const clock = new SessionClock(shippedCalendars(config))
  const ownVendors = { off: new Map(), close: async () => undefined, ...vendors }
  const core = await createCore({ config, log, clock, vendors: ownVendors })
  const connection = connectQueueRedis(redisUrl)
  const context = { ...core, config, log, now: () => Date.now() }
  const { recorder, metrics } = core
  const workers = startJobWorkers({ name, connection, context, recorder, metrics })
  await workers.ready()
  return {
    core,
    workers,
    logged,
    async close() {
      await workers.close()
      connection.disconnect()
      await core.close()
    }
  }
}
