import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { foreignEntry } from './entry.ts'
import type { Batch, Following, Loss, Start } from './batch.ts'
import { EpochWatch, isBefore } from './epoch-watch.ts'
import type { LogEntry } from './log-entry.ts'
import { READER_NAME } from './former-readers.ts'
import { idOf, LAST_INDEX, type Position } from './position.ts'
import { RowCount, type Tally } from './row-count.ts'
import { entryOf, idOfRow, type LogSource, type Row, type StreamId } from './source.ts'

const BLOCK_MS = 1000
/** Redis answers within BLOCK_MS even when it has nothing to say; a connection mute for longer is dead. */
const SOCKET_TIMEOUT_MS = 5000
const RETRY_MS = 200
const LOOK_EVERY_MS = 2000
/** Of all shards together: they are held at once. */
const MAX_ENTRIES_PER_READ = 64
const BEGINNING: StreamId = { idMs: 0, idSeq: 0 }
/** Looked through to tell from where on entries are lost. */
const MAX_ROWS_PER_LOSS = 1000

export type FollowerOptions = {
  /** The follower opens a connection of its own beside this one. */
  redis: Redis
  log: Pick<Logger, 'warn'>
  source: LogSource
  /** The one that the reader knows; by default the one that is in force at first. */
  epoch: string | undefined
  from: Start
  /** Ends the following. */
  signal: AbortSignal | undefined
}

/** Rows of one shard that were read, and are not taken yet. */
type Unread = { readonly at: number; readonly rows: readonly Row[] }

/**
 * Follows the log until it is closed: the reader's pace is its own, for nothing more is read before what was read is taken.
 * Through outages of Redis it goes on from where it was.
 */
export class Follower implements Following {
  readonly #options: FollowerOptions
  readonly #connection: Redis
  readonly #watch: EpochWatch
  #positions: Position[] = []
  /** Up to where what was read was found to be all that was added. */
  #sound: Position[] = []
  #counts: readonly RowCount[] = []
  readonly #unread: Unread[] = []
  /** What the reader was given, and has taken when it asks for more. */
  #given: Unread | undefined
  #isGone = false
  #maxEntriesPerShard = MAX_ENTRIES_PER_READ
  #lookedAt = -Infinity
  #isFirstLook = true
  /** Shards of which entries are lost to the follower, and it was not told yet. */
  readonly #lossy = new Set<number>()
  #hasWarnedOfForeigners = false
  #unknown = 0
  #away = false
  #closed = false

  constructor(options: FollowerOptions) {
    const { redis, source, epoch, signal } = options
    this.#options = options
    this.#watch = new EpochWatch(source, epoch)
    this.#connection = redis.duplicate({
      connectionName: READER_NAME,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: undefined,
      socketTimeout: SOCKET_TIMEOUT_MS,
      lazyConnect: true
    })
    this.#connection.on('error', () => undefined) // reported once, by the read that fails
    signal?.addEventListener('abort', () => this.#close(), { once: true })
    if (signal?.aborted) this.#closed = true
  }

  get isConnected(): boolean {
    return !this.#away
  }

  get unknown(): number {
    return this.#unknown
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** The next batch; by asking for it the reader says that it has taken the one before. Calls must not overlap. */
  async next(): Promise<IteratorResult<Batch, undefined>> {
    if (this.#given) this.#took(this.#given)
    this.#given = undefined
    if (this.#connection.status === 'wait' && !this.#closed) {
      await this.#connection.connect().catch(() => undefined) // the first read reports it
    }
    while (!this.#closed) {
      try {
        const batch = this.#nextUnread() ?? (await this.#look()) ?? (await this.#read())
        this.#away = false
        if (batch && !this.#closed) return { value: batch, done: false }
      } catch (error) {
        if (this.#closed) break
        if (!this.#away) {
          this.#options.log.warn({ err: error }, 'the log cannot be read now; reading goes on from where it was')
          this.#away = true
        }
        this.#lookedAt = -Infinity
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
    return { value: undefined, done: true }
  }

  async return(): Promise<IteratorResult<Batch, undefined>> {
    this.#close()
    return { value: undefined, done: true }
  }

  #close(): void {
    this.#closed = true
    this.#connection.disconnect()
  }

  async #begin(): Promise<void> {
    const { source, from } = this.#options
    const starts = typeof from === 'string' ? await startsOf(source, from) : from
    this.#positions = [...starts]
    this.#sound = [...starts]
    this.#counts = starts.map(() => new RowCount())
    this.#maxEntriesPerShard = Math.ceil(MAX_ENTRIES_PER_READ / starts.length)
  }

  async #read(): Promise<Batch | undefined> {
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
        for (const [id] of rows) idOfRow(id)
        this.#unread.push({ at, rows })
      } catch (error) {
        if (!(await source.cure(this.#positions[at]!.shard, error))) throw error
      }
    }
    return this.#nextUnread()
  }

  /** What was read and not taken yet; rows that have no events are taken at once. */
  #nextUnread(): Batch | undefined {
    for (let unread = this.#unread.shift(); unread; unread = this.#unread.shift()) {
      const { at, rows } = unread
      const { shard } = this.#positions[at]!
      const entries = rows.map((row) => this.#readRow(shard, row)).filter(({ count }) => count > 0)
      if (entries.length === 0) {
        this.#took(unread)
        continue
      }
      this.#given = unread
      const end = this.#positions.with(at, endOf(shard, rows))
      return { entries, end, appendedAt: entries.at(-1)!.appendedAt, gap: undefined }
    }
    return undefined
  }

  #took({ at, rows }: Unread): void {
    const { shard } = this.#positions[at]!
    const position = endOf(shard, rows)
    this.#positions[at] = position
    for (const [id] of rows) this.#note(at, idOfRow(id), this.#counts[at]!.read(idOfRow(id)))
    this.#watch.saw(position)
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
  async #look(): Promise<Batch | undefined> {
    const now = performance.now()
    if (now - this.#lookedAt < LOOK_EVERY_MS) return undefined
    if (this.#positions.length === 0) await this.#begin()
    if (!this.#isGone && !this.#isFirstLook) await this.#count()
    const { epoch, isReplaced, trimmed } = await this.#watch.look(this.#isGone)
    for (const shard of isReplaced ? this.#positions.map((position) => position.shard) : trimmed) this.#lossy.add(shard)
    this.#isGone = false
    if (this.#isFirstLook || this.#lossy.size > 0) await this.#stayWithin()
    const losses = await this.#losses()
    if (this.#isFirstLook) await this.#count()
    this.#isFirstLook = false
    this.#lookedAt = now
    if (losses.length === 0) return undefined
    for (const [at, position] of this.#positions.entries()) {
      if (!this.#lossy.has(position.shard)) continue
      this.#counts[at]!.reset()
      this.#sound[at] = position
    }
    this.#lossy.clear()
    return { entries: [], end: [...this.#positions], appendedAt: undefined, gap: { epoch, losses } }
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

const endOf = (shard: number, rows: readonly Row[]): Position => ({
  shard,
  ...idOfRow(rows.at(-1)![0]),
  index: LAST_INDEX
})

async function startsOf(source: LogSource, from: 'now' | 'beginning'): Promise<Position[]> {
  const shards = Array.from({ length: source.shards }, (_, shard) => shard)
  const reaches = from === 'now' ? await Promise.all(shards.map((shard) => source.reach(shard))) : []
  return shards.map((shard) => ({ shard, ...(reaches[shard]?.last ?? BEGINNING), index: LAST_INDEX }))
}
