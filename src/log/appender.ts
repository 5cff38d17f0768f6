import type { Logger } from 'pino'
import type { MarketEvent } from '../market/event.ts'
import { ShardQueue, type QueueListener, type QueueMark } from './shard-queue.ts'
import { TrimmedError, type LogProducer } from './source.ts'
import { WrittenTopics } from './topic-name.ts'

/**
 * What waits for the log's server, however long it is away. Above it appends are refused, because a producer that cannot be written
 * is better slowed; what waits already stays, so that nothing is written in another order.
 */
const MAX_WAITING_BYTES = 64 * 1024 * 1024
/** There is room where less waits: producers that can wait leave the rest to those that cannot. */
const ROOM_BYTES = 8 * 1024 * 1024
/** So soon at the latest it is noticed that the log was replaced: followers hold back what comes until all have noticed. */
const LOOK_EVERY_MS = 1000
/** What the log's server gets to take the rest when the process stops. */
const CLOSE_TIMEOUT_MS = 3000

/** `failed`: events that the log may not hold, because they were refused or could not be written before the end. */
export type AppenderStats = { appended: number; bytes: number; failed: number; waitingBytes: number }

export type AppenderOptions = {
  /** The appender's own: closed with it. */
  producer: LogProducer
  log: Pick<Logger, 'warn'>
  shards: number
}

/** Encodes events where they wait to be written: those of one turn of the event loop travel as one entry per shard. */
export class Appender implements QueueListener {
  readonly stats: AppenderStats = { appended: 0, bytes: 0, failed: 0, waitingBytes: 0 }
  readonly #options: AppenderOptions
  readonly #producer: LogProducer
  readonly #topics: WrittenTopics
  readonly #queues: readonly ShardQueue[]
  /** Shards whose last write failed. */
  readonly #troubled = new Set<number>()
  #waitingForRoom: (() => void)[] = []
  /** Events were refused or dropped: followers are to be told. */
  #owesGap = false
  #lookTimer: NodeJS.Timeout | undefined
  #isLooking = false
  #isClosing = false
  #isGivenUp = false

  constructor(options: AppenderOptions) {
    const { producer, shards } = options
    this.#options = options
    this.#topics = new WrittenTopics(shards)
    this.#producer = producer
    this.#queues = Array.from({ length: shards }, (_, shard) => new ShardQueue({ producer, shard, listener: this }))
  }

  async append(events: readonly MarketEvent[]): Promise<void> {
    if (events.length === 0) return
    if (this.#isClosing) this.#refuse(events.length, 'the log is closed')
    if (this.stats.waitingBytes > MAX_WAITING_BYTES) {
      if (!this.#owesGap) this.#options.log.warn('so many events wait for the log that more are refused')
      this.#owesGap = true
      this.#refuse(events.length, 'the log is too far behind to take more events')
    }
    if (!this.#lookTimer) {
      this.#lookTimer = setInterval(() => void this.#look(), LOOK_EVERY_MS).unref()
      void this.#look()
    }
    await this.#encode(events)
  }

  /** Resolves when little enough waits for another batch. */
  async room(): Promise<void> {
    while (this.stats.waitingBytes > ROOM_BYTES && !this.#isClosing) {
      await new Promise<void>((resolve) => this.#waitingForRoom.push(resolve))
    }
  }

  /** Resolves when everything appended is written or has failed. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#tellRoom()
    const timer = setTimeout(() => {
      this.#isGivenUp = true
      this.#producer.close()
    }, CLOSE_TIMEOUT_MS)
    clearInterval(this.#lookTimer)
    await Promise.all(this.#queues.map((queue) => this.#end(queue)))
    clearTimeout(timer)
    this.#producer.close()
  }

  /** As long as it takes, for whatever the log's server says can be put right. */
  failed(shard: number, error: unknown): boolean {
    const { log } = this.#options
    const isGone = error instanceof TrimmedError
    if (this.#troubled.size === 0 || isGone) {
      log.warn({ err: error, shard }, isGone ? 'events are missing from the log' : 'events wait for the log')
    }
    this.#troubled.add(shard)
    this.#owesGap ||= isGone
    return !isGone && !this.#isGivenUp
  }

  written(shard: number): void {
    this.#troubled.delete(shard)
  }

  settled(bytes: number, events: number, isWritten: boolean): void {
    const { stats } = this
    stats.waitingBytes -= bytes
    if (isWritten) {
      stats.appended += events
      stats.bytes += bytes
    } else stats.failed += events
    if (stats.waitingBytes <= ROOM_BYTES) this.#tellRoom()
    if (this.#owesGap && stats.waitingBytes === 0) this.#tellGap()
  }

  /** All of them or none: an append that was refused may be tried again. Resolves when the log holds them. */
  #encode(events: readonly MarketEvent[]): Promise<unknown> {
    const marks = this.#queues.map((queue) => queue.mark)
    try {
      for (const event of events) {
        const topic = this.#topics.of(event)
        this.#queues[topic.shard]!.add(event, topic)
      }
    } catch (error) {
      for (const [shard, queue] of this.#queues.entries()) queue.backTo(marks[shard]!)
      this.stats.failed += events.length
      throw error
    }
    return this.#written(marks)
  }

  #written(marks: readonly QueueMark[]): Promise<unknown> {
    const all: Promise<void>[] = []
    for (const [shard, queue] of this.#queues.entries()) {
      const { bytes, written } = queue.since(marks[shard]!)
      this.stats.waitingBytes += bytes
      all.push(...written)
    }
    return all.length === 1 ? all[0]! : Promise.all(all)
  }

  /** Shows followers that this producer is there, also when it has nothing to write. */
  async #look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    const epoch = await this.#producer.look().catch(() => undefined) // a write reports it
    this.#isLooking = false
    if (epoch === undefined || this.#isClosing) return
    for (const queue of this.#queues) queue.beatIn(epoch)
  }

  async #end(queue: ShardQueue): Promise<void> {
    await queue.idle()
    queue.beatLast()
    await queue.idle()
  }

  #refuse(events: number, why: string): never {
    this.stats.failed += events
    throw new Error(why)
  }

  #tellRoom(): void {
    const waiting = this.#waitingForRoom
    this.#waitingForRoom = []
    for (const resolve of waiting) resolve()
  }

  #tellGap(): void {
    this.#owesGap = false
    this.#producer.skip()
    this.#producer.tellGap().catch(() => (this.#owesGap = true)) // told with the next write, then
  }
}
