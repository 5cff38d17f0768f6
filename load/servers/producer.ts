import { pino } from 'pino'
import { reportReady } from '../../src/embedded/child.ts'
import { createLog, type EventLog } from '../../src/log/log.ts'
import { connectFailFast, ready } from '../../src/redis/connections.ts'
import { answerQuestions } from '../conversation.ts'
import { publishAtPace, type Pace } from '../pace.ts'
import { stampNow, symbolAt, tickOf, type Stream } from '../ticks.ts'

/** `redisUrl`: where the log is. */
export type Publication = Pace & { readonly stream: Stream; readonly redisUrl: string }

/** `appended`: to that log, ever. */
export type Published = { readonly published: number; readonly appended: number }

/** Appends ticks to logs that servers in other processes follow, as a process does that receives a vendor's stream. */
const logs = new Map<string, Promise<EventLog>>()
const logger = pino({ level: 'warn' }, process.stderr)

async function openLog(redisUrl: string): Promise<EventLog> {
  const redis = connectFailFast(redisUrl)
  await ready(redis, 'REDIS_URL')
  return createLog({ redis, log: logger, shards: 1, retentionMs: 60_000, maxBytes: 64 * 2 ** 20 })
}

answerQuestions({
  /** Resolves once the log holds them. */
  async publish({ redisUrl, stream, ...pace }: Publication): Promise<Published> {
    const opened = logs.get(redisUrl) ?? openLog(redisUrl)
    logs.set(redisUrl, opened)
    const log = await opened
    const appends: Promise<void>[] = []
    const published = await publishAtPace(pace, (symbols) => {
      const stamp = stampNow()
      const asOf = new Date().toISOString()
      appends.push(log.append(symbols.map((index) => tickOf(stream, symbolAt(index), stamp, asOf))))
    })
    await Promise.all(appends)
    return { published, appended: log.stats.appended }
  }
})
reportReady('http://127.0.0.1')
