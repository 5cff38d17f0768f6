import type { Redis } from 'ioredis'
import { READER_NAME } from './former-readers.ts'
import type { Row } from './source.ts'

/** Redis answers when a read has waited as long as it may; a connection mute for longer is dead. */
const SOCKET_TIMEOUT_MS = 5000

/** Waits for what is added to streams, over a connection of its own. */
export class StreamReader {
  readonly #connection: Redis

  /** Opens its connection beside this one. */
  constructor(redis: Redis) {
    this.#connection = redis.duplicate({
      connectionName: READER_NAME,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: undefined,
      socketTimeout: SOCKET_TIMEOUT_MS,
      lazyConnect: true
    })
    this.#connection.on('error', () => undefined) // reported once, by the read that fails
  }

  /** To be called before the first read, which reports what fails. */
  async connect(): Promise<void> {
    if (this.#connection.status === 'wait') await this.#connection.connect().catch(() => undefined)
  }

  /** Rows behind an id of each stream, so many of one at most, by the number of their stream; none after `blockMs`. */
  async read(
    keys: readonly string[],
    ids: readonly string[],
    { maxRows, blockMs }: { maxRows: number; blockMs: number }
  ): Promise<(readonly [at: number, rows: readonly Row[]])[]> {
    const found = await this.#connection.xreadBuffer('COUNT', maxRows, 'BLOCK', blockMs, 'STREAMS', ...keys, ...ids)
    return (found ?? []).map(([key, rows]) => [keys.indexOf(key.toString('latin1')), rows])
  }

  close(): void {
    this.#connection.disconnect()
  }
}
