import { pino } from 'pino'
import { createLog } from '../src/log/log.ts'
import { connectFailFast, ready } from '../src/redis/connections.ts'
import { publishAtPace } from './pace.ts'
import { cpuSecondsOf, startServer, type Server } from './processes.ts'
import { stampNow, symbolAt, tickOf } from './ticks.ts'
import { startWorld } from './world.ts'

const WARM_SECONDS = 4
const SECONDS = 10
const LOG_BYTES = 256 * 2 ** 20

export type IdleApi = { readonly cpuShare: number; readonly tradesPerSecond: number }

/**
 * What share of a processor a real API process takes that nobody asks for anything, while so many trades a second come by
 * the log; and how many did come.
 */
export async function measureIdleApi(tradesPerSecond: number): Promise<IdleApi> {
  const world = await startWorld()
  let api: Server | undefined
  try {
    api = await startServer('src/server.ts', world.env)
    const redis = connectFailFast(world.redisUrl)
    await ready(redis, 'REDIS_URL')
    const logger = pino({ level: 'warn' }, process.stderr)
    const log = createLog({ redis, log: logger, shards: 1, retentionMs: 60_000, maxBytes: LOG_BYTES })
    const appends: Promise<void>[] = []
    const publish = (seconds: number) =>
      publishAtPace({ ticksPerSecond: tradesPerSecond, seconds }, (symbols) => {
        appends.push(log.append(symbols.map((index) => tickOf('trades', symbolAt(index), stampNow()))))
      })
    await publish(WARM_SECONDS)
    const begun = { cpuSeconds: cpuSecondsOf(api.child.pid!), at: performance.now() }
    const published = await publish(SECONDS)
    const seconds = (performance.now() - begun.at) / 1000
    const cpuSeconds = cpuSecondsOf(api.child.pid!) - begun.cpuSeconds
    await Promise.all(appends)
    await log.close()
    redis.disconnect()
    return { cpuShare: cpuSeconds / seconds, tradesPerSecond: published / seconds }
  } finally {
    await api?.stop()
    await world.stop()
  }
}
