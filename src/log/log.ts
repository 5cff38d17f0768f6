import type { Logger } from 'pino'
import type { MarketEvent } from '../market/event.ts'
import { Appender, type AppenderStats } from './appender.ts'
import type { Following, Start } from './batch.ts'
import { endOf, insideOf, outsideOf } from './entry-position.ts'
import { Follower } from './follower.ts'
import type { TopicLogOptions } from './kafka/topic-log.ts'
import type { LogEntry } from './log-entry.ts'
import type { Position } from './position.ts'
import { ReachMeter } from './reach-meter.ts'
import { createStreams, type StreamsOptions } from './redis/streams.ts'
import { entryOf, type LogServer } from './source.ts'

export type LogOptions = {
  log: Pick<Logger, 'warn'>
  /** Symbols are spread over so many shards. */
  shards: number
  /** Older events may be trimmed. A wish: bytes are the bound. */
  retentionMs: number
  /** Of each shard, in memory of Redis or on the disk of a broker of Kafka: above it the oldest events are trimmed. */
  maxBytes: number
}

/** How far a shard reaches. */
export type Reach = {
  /** Right before the oldest event that is still there; undefined where there is none. */
  readonly first: Position | undefined
  /** When that event was appended, epoch milliseconds on the log's own clock. */
  readonly firstAt: number | undefined
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
   * travel together. Resolves when the log holds them: while its server is away or refuses, they wait. Rejects when they are
   * refused, because too much waits already, the log is closed or an event is impossible; and when the log is closed
   * before its server took them.
   */
  append(events: readonly MarketEvent[]): Promise<void>
  /**
   * Resolves when little enough waits to be written that more may come. A producer that can wait does, before each batch:
   * its events are not refused then, however long the log's server is away.
   */
  room(): Promise<void>
  /**
   * How far back the log reaches if events go on coming as they do: what its room lasts, or `retentionMs`, where that is
   * shorter. Rejects while the log is out of reach.
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
   * somebody else wrote stands one without records. Over connections of its own, which nothing else waits for. Throws
   * RangeError where one was written by a later version.
   */
  read(from: Position, maxEntries: number): Promise<LogEntry[]>
  /**
   * Reads the log from somewhere on, over connections of its own, at the pace of whoever asks for the next batch. Ended by
   * leaving the loop over it, by its `return()`, or by the signal.
   */
  follow(from: Start, options?: { signal?: AbortSignal }): Following
  /** Waits for what was appended, some seconds where the log's server is away; nothing can be appended from then on. */
  close(): Promise<void>
}

/** What those need who only read. */
export type LogReader = Pick<EventLog, 'shards' | 'epoch' | 'reach' | 'timeOf' | 'at' | 'read' | 'follow'>

/** Opens the event log over Redis Streams. */
export function createLog(options: LogOptions & StreamsOptions): EventLog {
  return openLog(createStreams(options), options)
}

/** Opens the event log over Kafka, whose client library is loaded for it alone: that takes a third of a process's start. */
export async function createKafkaLog(options: LogOptions & TopicLogOptions): Promise<EventLog> {
  const { createTopicLog } = await import('./kafka/topic-log.ts')
  return openLog(createTopicLog(options), options)
}

function openLog(server: LogServer, { log, shards, retentionMs }: LogOptions): EventLog {
  const { source, reads, producer, heldBytes } = server
  const meter = new ReachMeter({ source, retentionMs, heldBytes })
  const appender = new Appender({ producer, log, shards })
  let epoch: string | undefined
  return {
    shards,
    stats: appender.stats,
    append: (events) => appender.append(events),
    room: () => appender.room(),
    reachSeconds: () => meter.seconds(),
    epoch: async () => (epoch = await source.epoch()),
    async reach(shard) {
      const { first, firstAt, last, isWhole } = await source.reach(shard)
      return { first: first && outsideOf(first), firstAt, last: last && outsideOf(endOf(shard, last)), isWhole }
    },
    timeOf: (position) => source.timeOf(insideOf(position)),
    at: async (shard, timeMs) => outsideOf(await source.at(shard, timeMs)),
    async read(from, maxEntries) {
      const { shard } = from
      return (await reads.rowsFrom(shard, insideOf(from), maxEntries)).map((row) => entryOf(shard, row))
    },
    follow: (from, { signal } = {}) => new Follower({ reader: server.reader(), log, source, epoch, from, signal }),
    async close() {
      server.close()
      await appender.close()
    }
  }
}
