import type { Redis } from 'ioredis'
import type { LogServer } from '../source.ts'
import { StreamProducer, type StreamProducerOptions } from './producer.ts'
import { createSource, FILL_AVERAGE } from './source.ts'
import { StreamReader } from './stream-reader.ts'

const READ_TIMEOUT_MS = 5000

export type StreamsOptions = StreamProducerOptions & {
  /** Must fail fast. Stays the caller's to close; connections that are opened here end with it. */
  redis: Redis
}

/** The event log in Redis Streams, one for each shard. */
export function createStreams(options: StreamsOptions): LogServer {
  const { redis, log, shards, maxBytes } = options
  const source = createSource({ redis, log, shards })
  const reading = redis.duplicate({
    enableOfflineQueue: true,
    maxRetriesPerRequest: 0,
    commandTimeout: READ_TIMEOUT_MS,
    lazyConnect: true
  })
  reading.on('error', () => undefined) // reported by the reads that fail
  redis.once('end', () => reading.disconnect())
  return {
    source,
    reads: createSource({ redis: reading, log, shards }),
    producer: new StreamProducer(options),
    heldBytes: maxBytes * FILL_AVERAGE,
    reader: () => new StreamReader(redis, source),
    close: () => reading.disconnect()
  }
}
