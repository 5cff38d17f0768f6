import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { EpochWatch } from './epoch-watch.ts'
import { clientsIn, hasFormerReaders } from './former-readers.ts'
import { createSource, type LogSource } from './source.ts'
import type { StreamPosition } from './stream-position.ts'

/** A connection that is mute for longer is given up, and whatever was asked over it is in doubt. */
const SOCKET_TIMEOUT_MS = 5000
const LOOK_FOR_READERS_EVERY_MS = 5000

export type ProducerOptions = {
  /** The producer opens a connection of its own beside this one, and closes it with this one at the latest. */
  redis: Redis
  log: Pick<Logger, 'warn'>
  shards: number
}

/** What one process writes to the log as: its identity and its connection, the only one that its entries come by. */
export class Producer {
  readonly id = randomBytes(4).readUInt32LE()
  readonly source: LogSource
  readonly #connection: Redis
  readonly #log: Pick<Logger, 'warn'>
  readonly #watch: EpochWatch
  /** Redis knows the connection by it. */
  readonly #name = `quotewire-log-${randomBytes(8).toString('hex')}`
  #recovery: Promise<void> | undefined
  #hasFormerReaders = false
  #lookedForReadersAt = -Infinity

  constructor({ redis, log, shards }: ProducerOptions) {
    this.#log = log
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
  }

  /**
   * Resolves when nothing can reach Redis any more by a connection that was lost before, and when everybody knows of
   * what the log has lost meanwhile. At once where no connection was lost.
   */
  recovered(): Promise<void> {
    if (this.#recovery && performance.now() - this.#lookedForReadersAt > LOOK_FOR_READERS_EVERY_MS) {
      void this.#lookForReaders().catch(() => undefined) // a write that fails reports it
    }
    return (this.#recovery ??= this.#recover())
  }

  /** Whether somebody reads the log who only knows entries of the former version. Known when `recovered` resolves. */
  get hasFormerReaders(): boolean {
    return this.#hasFormerReaders
  }

  /** Redis has acknowledged an entry. */
  wrote(position: StreamPosition): void {
    this.#watch.saw(position)
  }

  /** Lets every follower know that events are missing from the log. */
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
      await this.#watch.look()
    } catch (error) {
      this.#recovery = undefined
      throw error
    }
  }

  async #lookForReaders(): Promise<void> {
    this.#lookedForReadersAt = performance.now()
    const found = await hasFormerReaders(this.#connection)
    if (found && !this.#hasFormerReaders) {
      this.#log.warn('a process of the former version reads the log: events are written so that it can')
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
      this.#log.warn({ err: error }, 'Redis does not let lost connections be ended: an event may come twice after one')
    }
  }
}
