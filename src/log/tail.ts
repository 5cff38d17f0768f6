import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { foreignEntry } from './entry.ts'
import { EpochWatch, isBefore } from './epoch-watch.ts'
import type { LogEntry } from './log-entry.ts'
import { idOf, LAST_INDEX, type Position } from './position.ts'
import { RowCount, type Tally } from './row-count.ts'
import { entryOf, idOfRow, type LogSource, type Row, type StreamId } from './source.ts'

/** By it producers tell those who read this version's entries from those who only read the former one's. */
export const READER_NAME = 'quotewire-log-reader'
const BLOCK_MS = 1000
/** Redis answers within BLOCK_MS even when it has nothing to say; a connection mute for longer is dead. */
const SOCKET_TIMEOUT_MS = 5000
const RETRY_MS = 200
const LOOK_EVERY_MS = 2000
/** Of all shards together: they are held at once. */
const MAX_ENTRIES_PER_READ = 500
/** Looked through to tell from where on entries are lost. */
const MAX_ROWS_PER_LOSS = 1000

/** Where in a shard entries may be lost to who follows it. */
export type Loss = {
  /** Those to come are behind it. */
  readonly position: Position
  /** Nothing is lost up to here. */
  readonly since: Position
  /**
   * What the log holds behind `since` as far as it was followed; undefined where that is too much to tell. Up to the newest
   * entry that was given and is not among them, nothing is lost either.
   */
  readonly held: readonly StreamId[] | undefined
}

export type TailListener = {
  /** Entries of one shard, in order, each exactly once. Must not throw. */
  entries(entries: readonly LogEntry[]): void
  /**
   * Entries may be lost to who follows. Under another epoch than before the log is another one, and there is a loss for
   * every shard; under the same one entries were trimmed before they could be read, or a later version wrote them.
   */
  replaced(epoch: string, losses: readonly Loss[]): void
}

export type TailOptions = {
  /** The tail opens a connection of its own beside this one. */
  redis: Redis
  log: Pick<Logger, 'warn'>
  source: LogSource
  /** The one that the follower knows; by default the one that is in force at first. */
  epoch: string | undefined
  from: readonly Position[]
  listener: TailListener
}

/** Follows the log until closed; through outages of Redis it goes on from where it was. */
export class Tail {
  readonly #options: TailOptions
  readonly #connection: Redis
  readonly #watch: EpochWatch
  readonly #positions: Position[]
  /** Up to where what was read was found to be all that was added. */
  readonly #sound: Position[]
  readonly #counts: readonly RowCount[]
  #isGone = false
  readonly #maxEntriesPerShard: number
  readonly #ended: Promise<void>
  #lookedAt = -Infinity
  #isFirstLook = true
  /** Shards of which entries are lost to the follower, and it was not told yet. */
  readonly #lossy = new Set<number>()
  #hasWarnedOfForeigners = false
  #unknown = 0
  #away = false
  #closed = false

  constructor(options: TailOptions) {
    const { redis, source, epoch, from } = options
    this.#options = options
    this.#watch = new EpochWatch(source, epoch)
    this.#positions = [...from]
    this.#sound = [...from]
    this.#counts = from.map(() => new RowCount())
    this.#maxEntriesPerShard = Math.ceil(MAX_ENTRIES_PER_READ / from.length)
    this.#connection = redis.duplicate({
      connectionName: READER_NAME,
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

  /** Events of kinds that this version does not know, so far. */
  get unknown(): number {
    return this.#unknown
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
        await this.#look()
        await this.#readNext()
        this.#away = false
      } catch (error) {
        if (this.#closed) return
        if (!this.#away) {
          this.#options.log.warn({ err: error }, 'the log cannot be read now; reading goes on from where it was')
          this.#away = true
        }
        this.#lookedAt = -Infinity
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }

  async #readNext(): Promise<void> {
    const { source } = this.#options
    const keys = this.#positions.map(({ shard }) => source.key(shard))
    const ids = this.#positions.map(idOf)
    const found = await this.#connection.xreadBuffer(
      'COUNT',
      this.#maxEntriesPerShard,
      'BLOCK',
      BLOCK_MS,
      'STREAMS',
      ...keys,
      ...ids
    )
    for (const [key, rows] of found ?? []) {
      const at = keys.indexOf(key.toString('latin1'))
      try {
        this.#take(at, rows)
      } catch (error) {
        if (!(await source.cure(this.#positions[at]!.shard, error))) throw error
      }
    }
  }

  #take(at: number, rows: readonly Row[]): void {
    const { shard } = this.#positions[at]!
    const entries = rows.map((row) => this.#readRow(shard, row)).filter(({ count }) => count > 0)
    const position = { shard, ...idOfRow(rows.at(-1)![0]), index: LAST_INDEX }
    this.#positions[at] = position
    for (const [id] of rows) this.#note(at, idOfRow(id), this.#counts[at]!.read(idOfRow(id)))
    this.#watch.saw(position)
    if (entries.length > 0) this.#options.listener.entries(entries)
  }

  #readRow(shard: number, row: Row): LogEntry {
    try {
      const entry = entryOf(shard, row)
      if (entry.count === 0) this.#warnOfForeigner(shard, entry)
      if (entry.unknown > 0) this.#warnOfUnknown(entry)
      return entry
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      const { idMs, idSeq } = idOfRow(row[0])
      if (!this.#lossy.has(shard))
        this.#options.log.warn({ err: error, shard, idMs, idSeq }, 'an entry of the log is unreadable')
      this.#lossy.add(shard)
      return foreignEntry({ shard, idMs, idSeq })
    }
  }

  #warnOfUnknown({ shard, idMs, idSeq, unknown }: LogEntry): void {
    if (this.#unknown === 0) {
      const what = 'a later version writes kinds of events that this one does not know; they are passed over'
      this.#options.log.warn({ shard, idMs, idSeq }, what)
    }
    this.#unknown += unknown
  }

  #warnOfForeigner(shard: number, { idMs, idSeq }: LogEntry): void {
    if (this.#hasWarnedOfForeigners) return
    this.#hasWarnedOfForeigners = true
    this.#options.log.warn(
      { shard, idMs, idSeq },
      'somebody else writes into the streams of the log; that is passed over'
    )
  }

  /** Before the first read, after every outage and now and then: is this still the log that was followed? */
  async #look(): Promise<void> {
    const now = performance.now()
    if (now - this.#lookedAt < LOOK_EVERY_MS) return
    if (!this.#isGone && !this.#isFirstLook) await this.#count()
    const { epoch, isReplaced, trimmed } = await this.#watch.look(this.#isGone)
    for (const shard of isReplaced ? this.#positions.map((position) => position.shard) : trimmed) this.#lossy.add(shard)
    this.#isGone = false
    if (this.#isFirstLook || this.#lossy.size > 0) await this.#stayWithin()
    const losses = await this.#losses()
    if (this.#isFirstLook) await this.#count()
    this.#isFirstLook = false
    this.#lookedAt = now
    if (losses.length === 0) return
    for (const [at, position] of this.#positions.entries()) {
      if (!this.#lossy.has(position.shard)) continue
      this.#counts[at]!.reset()
      this.#sound[at] = position
    }
    this.#lossy.clear()
    this.#options.listener.replaced(epoch, losses)
  }

  /** Whether what was read is all that was added. */
  async #count(): Promise<void> {
    await Promise.all(
      this.#positions.map(async (position, at) => {
        const reach = await this.#options.source.reach(position.shard)
        this.#note(at, position, this.#counts[at]!.look(reach, position))
      })
    )
  }

  #note(at: number, id: StreamId, tally: Tally | undefined): void {
    if (tally === undefined) return
    const { shard } = this.#positions[at]!
    if (tally === 'right') {
      this.#sound[at] = { shard, idMs: id.idMs, idSeq: id.idSeq, index: LAST_INDEX }
      return
    }
    this.#isGone ||= tally === 'gone'
    this.#lossy.add(shard)
    this.#lookedAt = -Infinity
  }

  /** Where entries are lost, and how much of what was read before is there still. */
  #losses(): Promise<Loss[]> {
    const lossy = this.#positions.filter(({ shard }) => this.#lossy.has(shard))
    return Promise.all(
      lossy.map(async (position) => {
        const since = this.#sound.find(({ shard }) => shard === position.shard)!
        const rows = await this.#options.source.rowsAfter(position.shard, since, MAX_ROWS_PER_LOSS)
        const held = rows.map(([id]) => idOfRow(id)).filter((id) => !isBefore(position, id))
        return { position, since, held: rows.length < MAX_ROWS_PER_LOSS ? held : undefined }
      })
    )
  }

  /** Behind a position that the log has not reached nothing would be found: its ids, or Redis' clock, are smaller. */
  async #stayWithin(): Promise<void> {
    const reaches = await Promise.all(this.#positions.map(({ shard }) => this.#options.source.reach(shard)))
    for (const [at, { last = { idMs: 0, idSeq: 0 } }] of reaches.entries()) {
      const position = this.#positions[at]!
      if (isBefore(last, position)) this.#positions[at] = { shard: position.shard, ...last, index: LAST_INDEX }
    }
  }
}
