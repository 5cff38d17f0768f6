import { Queue, Worker } from 'bullmq'
import closeWithGrace from 'close-with-grace'
import { pino } from 'pino'
import { ConfigError, loadConfig, type Config } from '../src/config.ts'
import { createCore } from '../src/core.ts'
import { onParentGone, reportReady } from '../src/embedded/child.ts'
import { connectQueueRedis } from '../src/redis.ts'
import { createVendors } from '../src/vendors.ts'

const STOP_TIMEOUT_MS = 10_000
const QUEUE = 'market-data'
const REFRESH_EVERY_MS = 60_000

async function startJobs(config: Config, log: pino.Logger): Promise<{ close(): Promise<void> }> {
  const core = await createCore({ config, log, vendors: createVendors(config) })
  const connection = connectQueueRedis(config.REDIS_URL!)
  const queue = new Queue(QUEUE, { connection })
  const worker = new Worker(
    QUEUE,
    async () => {
      const symbols = await core.stores.quotes.symbols()
      const quotes = await core.marketData.quotes(symbols, 'background')
      return { items: quotes.length, failures: quotes.filter((quote) => quote instanceof Error).length }
    },
    { connection, autorun: false }
  )
  worker.on('error', (err) => log.warn({ err }, 'the queue cannot be reached'))
  await queue.upsertJobScheduler('refresh-quotes', { every: REFRESH_EVERY_MS }, { name: 'refresh-quotes' })
  void worker.run()
  return {
    async close() {
      await worker.close()
      await queue.close()
      connection.disconnect()
      await core.close()
    }
  }
}

async function main(): Promise<void> {
  const config = loadConfig(process.env)
  const log = pino({ level: config.LOG_LEVEL })
  const jobs = await startJobs(config, log)
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
