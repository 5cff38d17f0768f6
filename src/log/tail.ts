import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { LogEntry } from './entry.ts'
import { comparePositions, idOf, LAST_INDEX, type Position } from './position.ts'
import { entryOf, type LogSource } from './source.ts'

const BLOCK_MS = 1000
/** Redis answers within BLOCK_MS even when it has nothing to say; a connection mute for longer is dead. */
const SOCKET_TIMEOUT_MS = 5000
const RETRY_MS = 200
const EPOCH_CHECK_EVERY_MS = 2000
const MAX_ENTRIES_PER_READ = 500

export type TailListener = {
  /** Entries of one shard, in order, each exactly once. Must not throw. */
  entries(entries: readonly LogEntry[]): void
  /**
   * Entries are lost to who follows: the log is another one, or they were trimmed before they could be read. Those to
   * come are behind the given positions.
   */
  replaced(epoch: string, positions: readonly Position[]): void
}

export type TailOptions = {
  /** The tail opens a connection of its own beside this one. */
  redis: Redis
  log: Pick<Logger, 'warn'>
  source: LogSource
  from: readonly Position[]
  listener: TailListener
}

/** Follows the log until closed; through outages of Redis it goes on from where it was. */
export class Tail {
  readonly #options: TailOptions
  readonly #connection: Redis
  readonly #positions: Position[]
  /** Where entries were really read up to, per shard. */
  readonly #read = new Map<number, Position>()
  readonly #ended: Promise<void>
  #epoch: string | undefined
  #epochCheckedAt = -Infinity
  #away = false
  #closed = false

  constructor(options: TailOptions) {
    this.#options = options
    this.#positions = [...options.from]
    this.#connection = options.redis.duplicate({
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: undefined,
      socketTimeout: SOCKET_TIMEOUT_MS,
      lazyConnect: true
    })
    this.#connection.on('error', () => undefined) // reported once, by the read that fails
    this.#ended = this.#run()
  }

  /** Whether the log could be read last time. */
  get isConnected(): boolean {
    return !this.#away
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#connection.disconnect()
    await this.#ended
  }

  async #run(): Promise<void> {
    await this.#connection.connect().catch(() => undefined) // the first read reports it
    while (!this.#closed) {
      try {
        await this.#checkEpoch()
        await this.#readNext()
        this.#away = false
      } catch (error) {
        if (this.#closed) return
        if (!this.#away) {
          this.#options.log.warn({ err: error }, 'the log cannot be read; nothing is lost while it is away')
          this.#away = true
        }
        this.#epochCheckedAt = -Infinity
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }

  async #readNext(): Promise<void> {
    const { source, listener } = this.#options
    const keys = this.#positions.map(({ shard }) => source.key(shard))
    const ids = this.#positions.map(idOf)
    const found = await this.#connection.xreadBuffer(
      'COUNT',
      MAX_ENTRIES_PER_READ,
      'BLOCK',
      BLOCK_MS,
      'STREAMS',
      ...keys,
      ...ids
    )
    for (const [key, rows] of found ?? []) {
      const at = keys.indexOf(key.toString('latin1'))
      const { shard } = this.#positions[at]!
      const entries = rows.map(([id, fields]) => entryOf(shard, id, fields))
      const last = entries.at(-1)!
      const position = { shard, idMs: last.idMs, idSeq: last.idSeq, index: LAST_INDEX }
      this.#positions[at] = position
      this.#read.set(shard, position)
      listener.entries(entries)
    }
  }

  /** Before the first read, after every outage and now and then: is this still the log that was followed? */
  async #checkEpoch(): Promise<void> {
    const now = performance.now()
    if (now - this.#epochCheckedAt < EPOCH_CHECK_EVERY_MS) return
    const { source, listener } = this.#options
    const missed = await this.#hasMissedEntries()
    const resumed = this.#epochCheckedAt === -Infinity && this.#epoch !== undefined
    let epoch = await source.epoch()
    if (resumed && epoch === this.#epoch && (await this.#hasLostEntries())) epoch = await source.renewEpoch(epoch)
    this.#epochCheckedAt = now
    if (epoch === this.#epoch && !missed) return
    const isFirst = this.#epoch === undefined
    this.#epoch = epoch
    if (isFirst) return
    await this.#startOver()
    listener.replaced(epoch, this.#positions)
  }

  /** Redis persists a moment late: after a crash it may not know the newest entries that were read from it. */
  async #hasLostEntries(): Promise<boolean> {
    for (const position of this.#read.values()) {
      if (comparePositions(await this.#newest(position.shard), position) < 0) return true
    }
    return false
  }

  /** Entries can be trimmed before a process that stood still for long has read them. */
  async #hasMissedEntries(): Promise<boolean> {
    for (const position of this.#read.values()) {
      const { first, isWhole } = await this.#options.source.reach(position.shard)
      if (first && !isWhole && comparePositions({ ...first, index: LAST_INDEX }, position) > 0) return true
    }
    return false
  }

  /** Goes on behind whatever the new log holds at most; its ids may be smaller. */
  async #startOver(): Promise<void> {
    this.#read.clear()
    for (const [at, position] of this.#positions.entries()) {
      const newest = await this.#newest(position.shard)
      if (comparePositions(newest, position) < 0) this.#positions[at] = newest
    }
  }

  async #newest(shard: number): Promise<Position> {
    const { last } = await this.#options.source.reach(shard)
    return { shard, ...(last ?? { idMs: 0, idSeq: 0 }), index: LAST_INDEX }
  }
}
