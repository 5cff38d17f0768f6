import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { MarketEvent } from '../market/event.ts'
import { Appender, type AppenderStats } from './appender.ts'
import type { LogEntry } from './log-entry.ts'
import type { Position } from './position.ts'
import { timeIn } from './positions.ts'
import { ReachMeter } from './reach-meter.ts'
import { createSource } from './source.ts'
import { BEGINNING, endOf, insideOf, outsideOf, startOf } from './stream-position.ts'
import type { Following, Start } from './batch.ts'
import { Follower } from './follower.ts'

/** Reading long ago takes its time, on a connection on which nobody else waits. */
const READ_TIMEOUT_MS = 5000

export type LogOptions = {
  /** Must fail fast. Stays the caller's to close; the log's own connections end with it. */
  redis: Redis
  log: Pick<Logger, 'warn'>
  /** Symbols are spread over so many streams. */
  shards: number
  /** Older events may be trimmed. A wish: memory is the bound. */
  retentionMs: number
  /** Of each shard, in Redis: above it the oldest events are trimmed. */
  maxBytes: number
}

/** How far a shard reaches. */
export type Reach = {
  /** Right before the oldest event that is still there; undefined where there is none. */
  readonly first: Position | undefined
  /** Behind the newest event that ever was; undefined where there never was one. */
  readonly last: Position | undefined
  /** Nothing was ever trimmed. */
  readonly isWhole: boolean
}

/** The durable event log: every change of a value, in order per symbol, kept for replay. */
export type EventLog = {
  readonly shards: number
  readonly stats: Readonly<AppenderStats>
  /**
   * Writes events behind all that were appended here before, each exactly once; those of one turn of the event loop
   * travel together. Resolves when the log holds them: while Redis is away or refuses, they wait. Rejects when they are
   * refused, because too much waits already, the log is closed or an event is impossible; and when the log is closed
   * before Redis took them.
   */
  append(events: readonly MarketEvent[]): Promise<void>
  /**
   * Resolves when little enough waits to be written that more may come. A producer that can wait does, before each batch:
   * its events are not refused then, however long Redis is away.
   */
  room(): Promise<void>
  /**
   * How far back the log reaches if events go on coming as they do: what its memory lasts, or `retentionMs`, where that is
   * shorter. Rejects while Redis is away.
   */
  reachSeconds(): Promise<number>
  /** Names this log's life: under another epoch, what it held before is gone. */
  epoch(): Promise<string>
  reach(shard: number): Promise<Reach>
  /** When what stands at a position was appended, epoch milliseconds on the log's own clock. */
  timeOf(position: Position): number
  /** Behind everything in a shard that was appended before an instant, epoch milliseconds on the log's own clock. */
  at(shard: number, timeMs: number): Promise<Position>
  /**
   * Entries from the position's own on (its records up to the index are the caller's to skip), oldest first; where
   * somebody else wrote stands one without records. Over a connection of its own, which nothing else waits for. Throws
   * RangeError where one was written by a later version.
   */
  read(from: Position, maxEntries: number): Promise<LogEntry[]>
  /**
   * Reads the log from somewhere on, over a connection of its own, at the pace of whoever asks for the next batch. Ended by
   * leaving the loop over it, by its `return()`, or by the signal.
   */
  follow(from: Start, options?: { signal?: AbortSignal }): Following
  /** Waits for what was appended, some seconds where Redis is away; nothing can be appended from then on. */
  close(): Promise<void>
}

/** What those need who only read. */
export type LogReader = Pick<EventLog, 'shards' | 'epoch' | 'reach' | 'timeOf' | 'at' | 'read' | 'follow'>

/** Opens the event log over Redis Streams. */
export function createLog({ redis, log, shards, retentionMs, maxBytes }: LogOptions): EventLog {
  const source = createSource({ redis, log, shards })
  const reading = redis.duplicate({
    enableOfflineQueue: true,
    maxRetriesPerRequest: 0,
    commandTimeout: READ_TIMEOUT_MS,
    lazyConnect: true
  })
  reading.on('error', () => undefined) // reported by the reads that fail
  redis.once('end', () => reading.disconnect())
  const readSource = createSource({ redis: reading, log, shards })
  const meter = new ReachMeter({ source, retentionMs, maxBytes })
  const appender = new Appender({ redis, log, shards, retentionMs, maxBytes })
  let epoch: string | undefined
  return {
    shards,
    stats: appender.stats,
    append: (events) => appender.append(events),
    room: () => appender.room(),
    reachSeconds: () => meter.seconds(),
    epoch: async () => (epoch = await source.epoch()),
    async reach(shard) {
      const { first, last, isWhole } = await source.reach(shard)
      return {
        first: first && outsideOf(startOf(shard, first)),
        last: last && outsideOf(endOf(shard, last)),
        isWhole
      }
    },
    timeOf: timeIn,
    at: async (shard, timeMs) =>
      outsideOf(timeMs > 0 ? startOf(shard, { idMs: Math.floor(timeMs), idSeq: 0 }) : endOf(shard, BEGINNING)),
    read: (from, maxEntries) => readSource.read(insideOf(from), maxEntries),
    follow: (from, { signal } = {}) => new Follower({ redis, log, source, epoch, from, signal }),
    async close() {
      reading.disconnect()
      await appender.close()
    }
  }
}
