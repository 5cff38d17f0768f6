import type { Logger } from 'pino'
import type { Batch, Following, Start } from './batch.ts'
import { endOf, isBefore, outsideOf, type EntryId, type EntryPosition } from './entry-position.ts'
import { EpochWatch } from './epoch-watch.ts'
import { findLoss, withEarlierSince, type Doubt, type FoundLoss } from './losses.ts'
import { ProducerSequences } from './producer-sequences.ts'
import type { ShardsReader, LogSource, Row } from './source.ts'
import { startsOf } from './starts.ts'
import { isForeign } from './entry.ts'
import { RowReader } from './row-reader.ts'
import { RowCount, type Tally } from './row-count.ts'
import { UntakenRows, type Untaken } from './untaken-rows.ts'

const BLOCK_MS = 1000
const RETRY_MS = 200
/**
 * What comes waits so long at most for producers to prove that nothing is missing: they look at the log every second, and connect
 * again within two.
 */
const PROOF_TIMEOUT_MS = 5000
/** Of entries that are held meanwhile. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024
/** After a longer break so much may have come and gone, and so many producers, that numbers say nothing. */
const MAX_BREAK_MS = 60_000
const LOOK_EVERY_MS = 2000
/** Of all shards together: they are held at once. */
const MAX_ENTRIES_PER_READ = 64

export type FollowerOptions = {
  log: Pick<Logger, 'warn'>
  source: LogSource
  /** The follower's own: closed with it. */
  reader: ShardsReader
  /** The one that the reader knows; by default the one that is in force at first. */
  epoch: string | undefined
  from: Start
  /** Ends the following. */
  signal: AbortSignal | undefined
}

/**
 * Follows the log until it is closed: the reader's pace is its own, for nothing more is read before what was read is taken.
 * Through outages it goes on from where it was.
 */
export class Follower implements Following {
  readonly #options: FollowerOptions
  readonly #reader: ShardsReader
  readonly #watch: EpochWatch
  #positions: EntryPosition[] = []
  /** Up to where what was read was found to be all that was added. */
  #sound: EntryPosition[] = []
  #counts: readonly RowCount[] = []
  readonly #untaken = new UntakenRows()
  /** What the reader was given, and has taken when it asks for more. */
  #given: Untaken | undefined
  #isGone = false
  #maxEntriesPerShard = MAX_ENTRIES_PER_READ
  #lookedAt = -Infinity
  #isFirstLook = true
  /** Shards of which entries are lost to the follower, and it was not told yet. */
  readonly #lossy = new Set<number>()
  /** Those of them where something is missing for certain. */
  readonly #missing = new Set<number>()
  #readAt = -Infinity
  readonly #rows: RowReader
  #sequences: readonly ProducerSequences[] = []
  /** What was found to be lost, until it is known whether anything of it was never read. */
  #doubt: Doubt | undefined
  /** Where a shard's log was replaced and nothing seemed to be missing, by shard: from where on. */
  readonly #passed = new Map<number, EntryPosition>()
  #away = false
  #closed = false

  constructor(options: FollowerOptions) {
    const { reader, source, epoch, signal } = options
    this.#options = options
    this.#rows = new RowReader(options.log)
    this.#watch = new EpochWatch(source, epoch)
    this.#reader = reader
    signal?.addEventListener('abort', () => this.#close(), { once: true })
    if (signal?.aborted) this.#closed = true
  }

  get isConnected(): boolean {
    return !this.#away
  }

  get unknown(): number {
    return this.#rows.unknown
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** The next batch; by asking for it the reader says that it has taken the one before. Calls must not overlap. */
  async next(): Promise<IteratorResult<Batch, undefined>> {
    if (this.#given) this.#took(this.#given)
    this.#given = undefined
    if (!this.#closed) await this.#reader.connect()
    while (!this.#closed) {
      try {
        const batch = this.#doubt ? await this.#settle(this.#doubt) : await this.#nextBatch()
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
    this.#reader.close()
  }

  async #begin(): Promise<void> {
    const { source, from } = this.#options
    const starts = await startsOf(source, from)
    this.#positions = [...starts]
    this.#sound = [...starts]
    this.#counts = starts.map(() => new RowCount())
    this.#sequences = starts.map((start) => new ProducerSequences(start))
    this.#maxEntriesPerShard = Math.ceil(MAX_ENTRIES_PER_READ / starts.length)
  }

  async #nextBatch(): Promise<Batch | undefined> {
    const batch = this.#nextUntaken() ?? (await this.#look())
    if (batch || this.#doubt) return batch
    await this.#read(BLOCK_MS)
    return this.#nextUntaken()
  }

  /** Reads behind what was read, taken or not. */
  async #read(blockMs: number): Promise<void> {
    const behind = this.#positions.map((position, at) => {
      const last = this.#untaken.lastOf(at)
      return last ? endOfRows(position.shard, last.rows) : position
    })
    const found = await this.#reader.read(behind, { maxRows: this.#maxEntriesPerShard, blockMs })
    this.#readAt = performance.now()
    for (const [at, rows] of found) {
      this.#untaken.push({ at, rows })
      for (const row of rows) this.#follow(at, row)
    }
  }

  #follow(at: number, { id, entry }: Row): void {
    if (!entry) return
    const { shard } = this.#positions[at]!
    const sighting = this.#sequences[at]!.read(id, entry)
    if (sighting.is === 'missed') this.#missed(at, endOf(shard, sighting.after))
    const passed = this.#passed.get(shard)
    if (sighting.is !== 'unknown' || !passed || this.#doubt) return
    // What its producer wrote before may be among what the log has lost.
    this.#missed(at, passed)
  }

  /** Entries behind a position were never read. */
  #missed(at: number, since: EntryPosition): void {
    const { shard } = since
    this.#passed.delete(shard)
    if (isBefore(since, this.#sound[at]!)) this.#sound[at] = since
    if (this.#doubt) this.#doubt = withEarlierSince(this.#doubt, since)
    else this.#lose(shard)
  }

  /** What was read and not taken yet; rows that are none of the log's, or cannot be read, are taken at once. */
  #nextUntaken(): Batch | undefined {
    for (let untaken = this.#untaken.shift(); untaken; untaken = this.#untaken.shift()) {
      const { at, rows } = untaken
      const { shard } = this.#positions[at]!
      const read = rows.flatMap((row) => this.#rows.read(shard, row) ?? [])
      if (read.length < rows.length) this.#lose(shard)
      const entries = read.filter((entry) => !isForeign(entry))
      if (entries.length === 0) {
        this.#took(untaken)
        continue
      }
      this.#given = untaken
      const end = this.#positions.with(at, endOfRows(shard, rows)).map(outsideOf)
      return { entries, end, appendedAt: entries.at(-1)!.appendedAt, gap: undefined }
    }
    return undefined
  }

  #took({ at, rows }: Untaken): void {
    const { shard } = this.#positions[at]!
    const position = endOfRows(shard, rows)
    this.#positions[at] = position
    for (const { id } of rows) this.#note(at, id, this.#counts[at]!.read(id))
    this.#watch.saw(position)
  }

  /** Before the first read, after every outage and now and then: is this still the log that was followed? */
  async #look(): Promise<Batch | undefined> {
    const { source } = this.#options
    const now = performance.now()
    if (now - this.#lookedAt < LOOK_EVERY_MS) return undefined
    if (this.#positions.length === 0) await this.#begin()
    if (!this.#isGone && !this.#isFirstLook) await this.#count()
    const { epoch, isReplaced, trimmed } = await this.#watch.look(this.#isGone)
    for (const shard of trimmed) this.#lose(shard)
    if (isReplaced) for (const { shard } of this.#positions) this.#lossy.add(shard)
    // Whoever has followed without a break knows soon whether anything is missing that it never read.
    const isProvable = isReplaced && !this.#isFirstLook && performance.now() - this.#readAt < MAX_BREAK_MS
    this.#isGone = false
    if (this.#isFirstLook || this.#lossy.size > 0) {
      this.#positions = await Promise.all(this.#positions.map((position) => source.withinReach(position)))
    }
    const lossy = this.#positions.filter(({ shard }) => this.#lossy.has(shard))
    const losses = await Promise.all(
      lossy.map((position) => findLoss(source, position, this.#sound[this.#positions.indexOf(position)]!))
    )
    if (this.#isFirstLook) {
      for (const [at, position] of this.#positions.entries()) this.#sequences[at]!.beginAt(position)
      await this.#count()
    }
    this.#isFirstLook = false
    this.#lookedAt = now
    if (losses.length === 0) return undefined
    const sure = isProvable ? this.#missing : this.#lossy
    this.#doubt = { epoch, losses, sure: new Set(sure), until: performance.now() + PROOF_TIMEOUT_MS }
    if (isReplaced) for (const sequences of this.#sequences) sequences.doubt(epoch)
    for (const [at, position] of this.#positions.entries()) {
      if (!this.#lossy.has(position.shard)) continue
      this.#passed.set(position.shard, this.#sound[at]!)
      this.#counts[at]!.reset()
      this.#sound[at] = position
    }
    this.#lossy.clear()
    this.#missing.clear()
    return this.#settle(this.#doubt)
  }

  /** The gap, as soon as it is known of each shard whether anything is missing there; or when that takes too long. */
  async #settle({ epoch, losses, sure, until }: Doubt): Promise<Batch | undefined> {
    const sequencesOf = ({ position: { shard } }: FoundLoss) =>
      this.#sequences[this.#positions.findIndex((each) => each.shard === shard)]!
    const isWhole = (loss: FoundLoss) => !sure.has(loss.position.shard) && sequencesOf(loss).isWhole
    const leftMs = Math.ceil(until - performance.now())
    const isFull = this.#untaken.bytes >= MAX_UNREAD_BYTES
    if (leftMs > 0 && !isFull && losses.some((loss) => isWhole(loss) === undefined)) {
      await this.#read(leftMs)
      return undefined
    }
    this.#doubt = undefined
    const told = losses.map((loss) => ({ ...loss, isMissing: !isWhole(loss) }))
    for (const loss of told) {
      sequencesOf(loss).settle(loss.isMissing)
      if (loss.isMissing) this.#passed.delete(loss.position.shard)
    }
    return { entries: [], end: this.#positions.map(outsideOf), appendedAt: undefined, gap: { epoch, losses: told } }
  }

  /** Entries of a shard are lost to the follower, whatever can be known of others. */
  #lose(shard: number): void {
    this.#lossy.add(shard)
    this.#missing.add(shard)
    this.#lookedAt = -Infinity
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

  #note(at: number, id: EntryId, tally: Tally | undefined): void {
    if (tally === undefined) return
    const { shard } = this.#positions[at]!
    if (tally === 'right') {
      // As many may have come in place of those that are lost.
      if (!this.#missing.has(shard)) this.#sound[at] = endOf(shard, id)
      return
    }
    if (tally === 'missed') return this.#lose(shard)
    this.#isGone = true
    this.#lossy.add(shard)
    this.#lookedAt = -Infinity
  }
}

const endOfRows = (shard: number, rows: readonly Row[]): EntryPosition => endOf(shard, rows.at(-1)!.id)
