import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { EntryPosition } from '../entry-position.ts'
import { EpochWatch } from '../epoch-watch.ts'
import { heartbeatEntry } from '../heartbeat.ts'
import type { LogProducer } from '../source.ts'
import { clientsIn, hasFormerReaders } from './former-readers.ts'
import { ShardWriter, type Writing } from './shard-writer.ts'
import { createSource, type StreamSource } from './source.ts'

/** A connection that is mute for longer is given up, and whatever was asked over it is in doubt. */
const SOCKET_TIMEOUT_MS = 5000
const LOOK_FOR_READERS_EVERY_MS = 5000

export type StreamProducerOptions = {
  /** The producer opens a connection of its own beside this one, and closes it with this one at the latest. */
  redis: Redis
  log: Pick<Logger, 'warn'>
  shards: number
  retentionMs: number
  maxBytes: number
}

/** What one process writes to the log as: its identity and its connection, the only one that its entries come by. */
export class StreamProducer implements LogProducer, Writing {
  readonly id = randomBytes(4).readUInt32LE()
  readonly source: StreamSource
  readonly #connection: Redis
  readonly #options: StreamProducerOptions
  readonly #writers: readonly ShardWriter[]
  readonly #watch: EpochWatch
  #epoch = ''
  /** Redis knows the connection by it. */
  readonly #name = `quotewire-log-${randomBytes(8).toString('hex')}`
  #recovery: Promise<void> | undefined
  #hasFormerReaders = false
  #lookedForReadersAt = -Infinity

  constructor(options: StreamProducerOptions) {
    const { redis, log, shards } = options
    this.#options = options
    this.#connection = redis.duplicate({
      connectionName: this.#name,
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      commandTimeout: undefined,
      socketTimeout: SOCKET_TIMEOUT_MS,
      // A server that became a replica stays one: another may be behind its address.
      reconnectOnError: (error: Error) => error.message.startsWith('READONLY')
    })
    this.#connection.on('error', () => undefined) // reported by the writes that fail
    this.#connection.on('close', () => (this.#recovery = undefined))
    redis.once('end', () => this.#connection.disconnect())
    this.source = createSource({ redis: this.#connection, log, shards })
    this.#watch = new EpochWatch(this.source)
    this.#writers = Array.from({ length: shards }, (_, shard) => new ShardWriter(this, shard))
  }

  recovered(): Promise<void> {
    if (this.#recovery && performance.now() - this.#lookedForReadersAt > LOOK_FOR_READERS_EVERY_MS) {
      void this.#lookForReaders().catch(() => undefined) // a write that fails reports it
    }
    return (this.#recovery ??= this.#recover())
  }

  get hasFormerReaders(): boolean {
    return this.#hasFormerReaders
  }

  wrote(position: EntryPosition): void {
    this.#watch.saw(position)
  }

  write(shard: number, entries: readonly Buffer[]): Promise<void> {
    return this.#writers[shard]!.write(entries)
  }

  heartbeat(shard: number, isLast: boolean): Buffer {
    return heartbeatEntry({ epoch: this.#epoch, before: this.#writers[shard]!.newest, isLast })
  }

  async look(): Promise<string> {
    await this.recovered()
    return this.#look()
  }

  skip(): void {
    for (const writer of this.#writers) writer.skip()
  }

  trim(shard: number): Promise<void> {
    const { retentionMs, maxBytes } = this.#options
    return this.source.trim(shard, retentionMs, maxBytes)
  }

  tellGap(): Promise<void> {
    return this.#watch.renew()
  }

  close(): void {
    this.#connection.disconnect()
  }

  async #recover(): Promise<void> {
    try {
      if (this.#connection.status === 'wait') await this.#connection.connect()
      await this.#endFormerConnections()
      await this.#lookForReaders()
      await this.#look()
    } catch (error) {
      this.#recovery = undefined
      throw error
    }
  }

  async #look(): Promise<string> {
    this.#epoch = (await this.#watch.look()).epoch
    return this.#epoch
  }

  async #lookForReaders(): Promise<void> {
    this.#lookedForReadersAt = performance.now()
    const found = await hasFormerReaders(this.#connection)
    if (found && !this.#hasFormerReaders) {
      this.#options.log.warn('a process of the former version reads the log: events are written so that it can')
    }
    this.#hasFormerReaders = found
  }

  /** What a lost connection has sent can lie before Redis for long, on the way or in a proxy, and be executed later. */
  async #endFormerConnections(): Promise<void> {
    try {
      const own = await this.#connection.client('ID')
      const list = (await this.#connection.client('LIST')) as string
      for (const client of clientsIn(list)) {
        if (client.get('name') !== this.#name || client.get('id') === String(own)) continue
        await this.#connection.client('KILL', 'ID', client.get('id')!)
      }
    } catch (error) {
      if ((error as Error).name !== 'ReplyError') throw error
      this.#options.log.warn(
        { err: error },
        'Redis does not let lost connections be ended: an event may come twice after one'
      )
    }
  }
}
