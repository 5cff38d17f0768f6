import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Config } from './config/config.ts'
import { createKafkaLog, createLog, type EventLog, type LogOptions } from './log/log.ts'
import type { DependencyChecks } from './market/dependency.ts'
import { retryDuringStart } from './redis/connections.ts'

export type EventLogOptions = {
  readonly config: Config
  readonly log: Pick<Logger, 'warn'>
  /** Connects to where the event log is unless it is in Kafka. */
  readonly redis: () => Redis | Promise<Redis>
}

/** The event log, and the server that it depends on. */
export type OpenedLog = { readonly eventLog: EventLog; readonly dependencies: DependencyChecks }

/** Opens the event log that the configuration names, in Redis or in Kafka. Rejects where Kafka does not answer. */
export async function openEventLog({ config, log, redis }: EventLogOptions): Promise<OpenedLog> {
  const options: LogOptions = {
    log,
    shards: config.LOG_SHARDS,
    retentionMs: config.LOG_RETENTION_MINUTES * 60_000,
    maxBytes: config.LOG_MAX_MIB * 1024 * 1024
  }
  if (!config.kafka) {
    const connection = await redis()
    const eventLog = createLog({ ...options, redis: connection })
    return { eventLog, dependencies: { redisLog: () => connection.ping() } }
  }
  const { topic, ...kafka } = config.kafka
  const eventLog = await createKafkaLog({ ...options, kafka, topic })
  try {
    await retryDuringStart(() => eventLog.epoch())
    return { eventLog, dependencies: { kafka: () => eventLog.epoch() } }
  } catch (error) {
    await eventLog.close()
    throw new Error(`Kafka (KAFKA_BROKERS) does not serve the event log: ${(error as Error).message}`, { cause: error })
  }
}
