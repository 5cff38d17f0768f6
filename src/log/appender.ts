import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { MarketEvent } from '../market/event.ts'
import { Batch } from './batch.ts'
import type { Piece } from './entry.ts'
import { ShardQueue } from './shard-queue.ts'
import { Producer } from './producer.ts'
import { draftOf, type Draft } from './record.ts'
import { shardOf } from './shard.ts'
import { TrimmedError } from './shard-writer.ts'

/**
 * What waits for Redis, however long it is away. Above it appends are refused, because a producer that cannot be written
 * is better slowed; what waits already stays, so that nothing is written in another order.
 */
const MAX_WAITING_BYTES = 64 * 1024 * 1024
/** What Redis gets to take the rest when the process stops. */
const CLOSE_TIMEOUT_MS = 3000

/** `failed`: events that the log may not hold, because they were refused or could not be written before the end. */
export type AppenderStats = { appended: number; bytes: number; failed: number; waitingBytes: number }

export type AppenderOptions = {
  redis: Redis
  log: Pick<Logger, 'warn'>
  shards: number
  retentionMs: number
  maxBytes: number
  now: () => number
}

/** Gathers the events of one turn of the event loop, and has them written as one stream entry per shard. */
export class Appender {
  readonly stats: AppenderStats = { appended: 0, bytes: 0, failed: 0, waitingBytes: 0 }
  readonly #options: AppenderOptions
  readonly #producer: Producer
  readonly #queues: readonly ShardQueue[]
  /** Events of this turn of the event loop, by shard. */
  readonly #batches: readonly Batch[]
  /** Shards whose last write failed. */
  readonly #troubled = new Set<number>()
  #turn: PromiseWithResolvers<unknown> | undefined
  /** Events were refused or dropped: followers are to be told. */
  #owesGap = false
  #isClosing = false
  #isGivenUp = false

  constructor(options: AppenderOptions) {
    const { shards, retentionMs, maxBytes } = options
    this.#options = options
    this.#producer = new Producer(options)
    this.#batches = Array.from({ length: shards }, () => new Batch())
    this.#queues = Array.from({ length: shards }, (_, shard) => {
      const failed = (at: number, error: unknown) => this.#failed(at, error)
      const written = (at: number) => void this.#troubled.delete(at)
      return new ShardQueue({ producer: this.#producer, shard, retentionMs, maxBytes, failed, written })
    })
  }

  async append(events: readonly MarketEvent[]): Promise<void> {
    if (events.length === 0) return
    if (this.#isClosing) this.#refuse(events.length, 'the log is closed')
    if (this.stats.waitingBytes > MAX_WAITING_BYTES) {
      if (!this.#owesGap) this.#options.log.warn('so many events wait for the log that more are refused')
      this.#owesGap = true
      this.#refuse(events.length, 'the log is too far behind to take more events')
    }
    const drafts = this.#draft(events)
    const turn = (this.#turn ??= this.#openTurn())
    for (const draft of drafts) {
      this.#batches[shardOf(draft.topic, this.#batches.length)]!.add(draft)
      this.stats.waitingBytes += draft.bytes
    }
    await turn.promise
  }

  /** Resolves when everything appended is written or has failed. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#endTurn()
    const timer = setTimeout(() => {
      this.#isGivenUp = true
      this.#producer.close()
    }, CLOSE_TIMEOUT_MS)
    await Promise.all(this.#queues.map((queue) => queue.idle()))
    clearTimeout(timer)
    this.#producer.close()
  }

  /** All of them or none: an append that was refused may be tried again. */
  #draft(events: readonly MarketEvent[]): Draft[] {
    const receivedAt = this.#options.now()
    try {
      return events.map((event) => draftOf(event, receivedAtOf(event) ?? receivedAt))
    } catch (error) {
      this.stats.failed += events.length
      throw error
    }
  }

  #openTurn(): PromiseWithResolvers<unknown> {
    setImmediate(() => this.#endTurn())
    return Promise.withResolvers<unknown>()
  }

  #endTurn(): void {
    const turn = this.#turn
    if (!turn) return
    this.#turn = undefined
    const appendedAt = performance.timeOrigin + performance.now()
    const writes = this.#batches.flatMap((batch, shard) =>
      batch.take().map((piece) => this.#write(shard, piece, appendedAt))
    )
    turn.resolve(Promise.all(writes))
  }

  async #write(shard: number, piece: Piece, appendedAt: number): Promise<void> {
    const { stats } = this
    const { bytes, count } = piece
    try {
      await this.#queues[shard]!.add(piece, appendedAt)
      stats.appended += count
      stats.bytes += bytes.length
    } catch (error) {
      stats.failed += count
      throw error
    } finally {
      stats.waitingBytes -= bytes.length
      if (this.#owesGap && stats.waitingBytes === 0) this.#tellGap()
    }
  }

  #refuse(events: number, why: string): never {
    this.stats.failed += events
    throw new Error(why)
  }

  /** Returns whether to try again: as long as it takes, for whatever Redis says can be put right. */
  #failed(shard: number, error: unknown): boolean {
    const { log } = this.#options
    const isGone = error instanceof TrimmedError
    if (this.#troubled.size === 0 || isGone) {
      log.warn({ err: error, shard }, isGone ? 'events are missing from the log' : 'events wait for the log')
    }
    this.#troubled.add(shard)
    this.#owesGap ||= isGone
    return !isGone && !this.#isGivenUp
  }

  #tellGap(): void {
    this.#owesGap = false
    this.#producer.tellGap().catch(() => (this.#owesGap = true)) // told with the next write, then
  }
}

/** When the server got a quote tells which of two is newer; other events are as old as their append. */
function receivedAtOf(event: MarketEvent): number | undefined {
  return event.type === 'quote_update' ? Date.parse(event.data.quote.provenance.receivedAt) : undefined
}
