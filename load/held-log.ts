import type { Logger } from 'pino'
import { createKafkaLog, createLog, type EventLog } from '../src/log/log.ts'
import { connectFailFast, ready } from '../src/redis/connections.ts'

/** Where a log is held: in the database of a Redis, or in topics of a broker of Kafka. */
export type HeldIn = { readonly redisUrl: string } | { readonly kafkaPort: number; readonly topic: string }

const OPTIONS = { shards: 1, retentionMs: 3_600_000, maxBytes: 2 ** 30 }

/** Opens a log of one shard; `close` ends its connections, too. */
export async function openHeldLog(where: HeldIn, log: Logger): Promise<{ log: EventLog; close: () => Promise<void> }> {
  if ('redisUrl' in where) {
    const redis = connectFailFast(where.redisUrl)
    await ready(redis, 'REDIS_URL')
    const opened = createLog({ ...OPTIONS, log, redis })
    const close = async () => {
      await opened.close()
      redis.disconnect()
    }
    return { log: opened, close }
  }
  const kafka = { brokers: [{ host: '127.0.0.1', port: where.kafkaPort }], tls: false, sasl: undefined }
  const opened = await createKafkaLog({ ...OPTIONS, log, kafka, topic: where.topic })
  return { log: opened, close: () => opened.close() }
}
