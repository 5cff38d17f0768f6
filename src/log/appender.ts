import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { MarketEvent } from '../market/event.ts'
import { packEntries } from './entry.ts'
import { encodeEvent } from './record.ts'
import { shardOf } from './shard.ts'
import type { LogSource } from './source.ts'

/** What waits for Redis; above it appends are refused, because a producer that cannot be written is better slowed. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024
const TRIM_EVERY_MS = 1000
/** A trimmed shard is left some room, so that it is not trimmed again at once. */
const TRIM_TO = 0.9

export type AppenderStats = { appended: number; bytes: number; failed: number; waitingBytes: number }

export type AppenderOptions = {
  redis: Redis
  log: Pick<Logger, 'warn'>
  source: Pick<LogSource, 'shards' | 'key'>
  retentionMs: number
  maxBytes: number
  now: () => number
}

type Turn = { readonly shards: Buffer[][]; readonly done: PromiseWithResolvers<void>; events: number; bytes: number }

/** Gathers the events of one turn of the event loop, and writes them as one stream entry per shard. */
export class Appender {
  readonly stats: AppenderStats = { appended: 0, bytes: 0, failed: 0, waitingBytes: 0 }
  readonly #options: AppenderOptions
  readonly #writing = new Set<Promise<void>>()
  #turn: Turn | undefined
  #trimmedAt = 0
  #away = false

  constructor(options: AppenderOptions) {
    this.#options = options
  }

  async append(events: readonly MarketEvent[]): Promise<void> {
    if (events.length === 0) return
    if (this.stats.waitingBytes > MAX_WAITING_BYTES) {
      this.stats.failed += events.length
      throw new Error('the log is too far behind to take more events')
    }
    const receivedAt = this.#options.now()
    const turn = (this.#turn ??= this.#openTurn())
    for (const event of events) {
      const { topic, record } = encodeEvent(event, receivedAtOf(event) ?? receivedAt)
      turn.shards[shardOf(topic, this.#options.source.shards)]!.push(record)
      turn.bytes += record.length
      this.stats.waitingBytes += record.length
    }
    turn.events += events.length
    return turn.done.promise
  }

  /** Resolves when everything appended is written or has failed. */
  async close(): Promise<void> {
    if (this.#turn) await this.#turn.done.promise.catch(() => undefined)
    await Promise.allSettled(this.#writing)
  }

  #openTurn(): Turn {
    const shards = Array.from({ length: this.#options.source.shards }, (): Buffer[] => [])
    setImmediate(() => {
      const writing = this.#write(this.#turn!).finally(() => this.#writing.delete(writing))
      this.#writing.add(writing)
    })
    return { shards, done: Promise.withResolvers<void>(), events: 0, bytes: 0 }
  }

  async #write(turn: Turn): Promise<void> {
    this.#turn = undefined
    const { redis, log, source } = this.#options
    const appendedAt = performance.timeOrigin + performance.now()
    const commands = turn.shards.flatMap((records, shard) =>
      packEntries(records, appendedAt).map((entry) => redis.xadd(source.key(shard), '*', 'e', entry))
    )
    try {
      await Promise.all(commands)
      this.stats.appended += turn.events
      this.stats.bytes += turn.bytes
      this.#away = false
      turn.done.resolve()
    } catch (error) {
      this.stats.failed += turn.events
      if (!this.#away) log.warn({ err: error }, 'events could not be written to the log')
      this.#away = true
      turn.done.reject(error)
    }
    this.stats.waitingBytes -= turn.bytes
    await this.#trim().catch(() => undefined) // the next append tries again
  }

  async #trim(): Promise<void> {
    const { redis, source, retentionMs, maxBytes, now } = this.#options
    if (now() - this.#trimmedAt < TRIM_EVERY_MS) return
    this.#trimmedAt = now()
    const oldest = Math.max(0, this.#trimmedAt - retentionMs)
    for (let shard = 0; shard < source.shards; shard++) {
      const key = source.key(shard)
      await redis.xtrim(key, 'MINID', '~', oldest)
      const bytes = (await redis.memory('USAGE', key)) ?? 0
      if (bytes <= maxBytes) continue
      const entries = await redis.xlen(key)
      await redis.xtrim(key, 'MAXLEN', '~', Math.floor((entries * maxBytes * TRIM_TO) / bytes))
    }
  }
}

/** When the server got a quote tells which of two is newer; other events are as old as their append. */
function receivedAtOf(event: MarketEvent): number | undefined {
  return event.type === 'quote_update' ? Date.parse(event.data.quote.provenance.receivedAt) : undefined
}
