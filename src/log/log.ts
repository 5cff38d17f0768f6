import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { MarketEvent } from '../market/event.ts'
import { Appender, type AppenderStats } from './appender.ts'
import type { LogEntry } from './entry.ts'
import type { Position } from './position.ts'
import { createSource, type Reach } from './source.ts'
import { Tail, type TailListener } from './tail.ts'

export type LogOptions = {
  /** Must fail fast. Stays the caller's to close. */
  redis: Redis
  log: Pick<Logger, 'warn'>
  /** Symbols are spread over so many streams. */
  shards: number
  /** Older events may be trimmed. */
  retentionMs: number
  /** Of each shard, in Redis: above it the oldest events are trimmed. */
  maxBytes: number
  now?: () => number
}

/** The durable event log: every change of a value, in order per symbol, kept for replay. */
export type EventLog = {
  readonly shards: number
  readonly stats: Readonly<AppenderStats>
  /**
   * Writes events behind all that were appended here before; those of one turn of the event loop travel together.
   * Resolves when the log holds them. Rejects when it may not: Redis is away, or too much waits to be written.
   */
  append(events: readonly MarketEvent[]): Promise<void>
  /** Names this log's life: under another epoch, what it held before is gone. */
  epoch(): Promise<string>
  reach(shard: number): Promise<Reach>
  /** Entries from the position's own on (its records up to the index are the caller's to skip), oldest first. */
  read(from: Position, maxEntries: number): Promise<LogEntry[]>
  /** Follows the shards behind the given positions, over a connection of its own. */
  tail(from: readonly Position[], listener: TailListener): Tail
  /** Waits for what was appended. */
  close(): Promise<void>
}

/** Opens the event log over Redis Streams. */
export function createLog({ redis, log, shards, retentionMs, maxBytes, now = Date.now }: LogOptions): EventLog {
  const source = createSource(redis, shards)
  const appender = new Appender({ redis, log, source, retentionMs, maxBytes, now })
  return {
    shards,
    stats: appender.stats,
    append: (events) => appender.append(events),
    epoch: () => source.epoch(),
    reach: (shard) => source.reach(shard),
    read: (from, maxEntries) => source.read(from, maxEntries),
    tail: (from, listener) => new Tail({ redis, log, source, from, listener }),
    close: () => appender.close()
  }
}
