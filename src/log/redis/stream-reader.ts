import type { Redis } from 'ioredis'
import type { EntryPosition } from '../entry-position.ts'
import type { ShardsReader, Row } from '../source.ts'
import { READER_NAME } from './former-readers.ts'
import { rowOf, type StreamSource } from './source.ts'
import { idOf } from './stream-id.ts'

/** Redis answers when a read has waited as long as it may; a connection mute for longer is dead. */
const SOCKET_TIMEOUT_MS = 5000

/** Waits for what is added to streams, over a connection of its own. */
export class StreamReader implements ShardsReader {
  readonly #connection: Redis
  readonly #source: StreamSource

  /** Opens its connection beside this one. */
  constructor(redis: Redis, source: StreamSource) {
    this.#source = source
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

  async connect(): Promise<void> {
    if (this.#connection.status === 'wait') await this.#connection.connect().catch(() => undefined)
  }

  async read(
    positions: readonly EntryPosition[],
    { maxRows, blockMs }: { maxRows: number; blockMs: number }
  ): Promise<(readonly [at: number, rows: readonly Row[]])[]> {
    const keys = positions.map(({ shard }) => this.#source.key(shard))
    const ids = positions.map(idOf)
    const found = await this.#connection.xreadBuffer('COUNT', maxRows, 'BLOCK', blockMs, 'STREAMS', ...keys, ...ids)
    const read: (readonly [number, readonly Row[]])[] = []
    for (const [key, rows] of found ?? []) {
      const at = keys.indexOf(key.toString('latin1'))
      try {
        read.push([at, rows.map(rowOf)])
      } catch (error) {
        if (!(await this.#source.cure(positions[at]!.shard, error))) throw error
      }
    }
    return read
  }

  close(): void {
    this.#connection.disconnect()
  }
}
