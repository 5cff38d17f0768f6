import type { Logger } from 'pino'
import type { LogEntry } from '../log/log-entry.ts'
import type { EventLog } from '../log/log.ts'
import { comparePositions, formatCursor, LAST_INDEX, type Place, type Position } from '../log/position.ts'
import { shardOf } from '../log/shard.ts'
import { isSuperseded } from '../log/superseded.ts'
import type { Following, Gap, Loss } from '../log/batch.ts'
import { Fanout, newestOf } from './fanout.ts'
import { cursorOpening } from './frame.ts'
import { LagHistogram } from './lag-histogram.ts'
import type { Failure } from './protocol.ts'
import { Recent } from './recent.ts'
import type { Format, Member, Topic } from './topic.ts'
import { Topics } from './topics.ts'

/** How far back a hub looks when it starts, so that those who were connected elsewhere resume from its memory. */
const LOOK_BACK_MS = 60_000
const START_TIMEOUT_MS = 10_000
/** Clients that were away for moments are served from here; older ones from the log itself. Shared by the shards. */
const RECENT_BYTES = 32 * 1024 * 1024
const MIN_RECENT_BYTES_PER_SHARD = 1024 * 1024
const BEFORE_ENTRY = -1
/**
 * While nobody is connected, entries wait so long to be read together: a read costs as much for one as for many, and a
 * stream brings a thousand a second. Where more than a few come at once, the hub is behind, and does not wait.
 */
const UNATTENDED_READ_MS = 20
const FEW_ENTRIES = 48
/** Cursors of older ones mean nothing to the hub. */
const MAX_FORMER_EPOCHS = 8

export type HubOptions = {
  log: EventLog
  logger: Pick<Logger, 'warn'>
  /** See FanoutOptions. */
  flushMs: number
  /** Given every entry, right behind those who listen. */
  onEntries: (entries: readonly LogEntry[]) => void
}

/**
 * Shards of which events may be missing, each with the instant from which on (epoch milliseconds), where one is known:
 * everything up to it was delivered.
 */
export type Losses = ReadonlyMap<number, number | undefined>

/** How a shard's former log ended for the hub. */
export type Ending = {
  /** The newest of it that the hub saw. */
  readonly last: Position
  /** The log that took its place, and where the hub goes on in it. */
  readonly next: Place
  /** See Losses. */
  readonly lostFromMs: number | undefined
}

type FormerLog = {
  readonly epoch: string
  /** Of the newest event that was seen of it. */
  readonly sequence: number
  readonly endings: ReadonlyMap<number, Ending>
}

export type HubListener = {
  /** The log was replaced, or lost something before it was seen. */
  lost(losses: Losses): void
  /** Symbols turned out to be unknown to all vendors; each with what clients are told. */
  unknown(symbols: ReadonlyMap<string, Failure>): void
}

/** Follows the log and brings its events to those who listen. Knows nothing of sockets, users or HTTP. */
export class Hub {
  readonly topics = new Topics((topic) => this.#unseen.add(topic))
  readonly lag = new LagHistogram()
  readonly #log: EventLog
  readonly #onEntries: HubOptions['onEntries']
  readonly #logger: Pick<Logger, 'warn'>
  readonly #fanout: Fanout
  readonly #recent: Recent[] = []
  readonly #recentBytes: number
  readonly #listeners = new Set<HubListener>()
  readonly #waiting = new Set<() => void>()
  /** The oldest first. */
  readonly #former: FormerLog[] = []
  /** Topics of which it was not looked yet whether the memory of recent entries has an event. */
  readonly #unseen = new Set<Topic>()
  #epoch = ''
  #sequence = 0
  #attendants = 0
  #wake = () => {}
  #follower: Following | undefined
  #following: Promise<void> | undefined

  constructor({ log, logger, flushMs, onEntries }: HubOptions) {
    this.#onEntries = onEntries
    this.#log = log
    this.#logger = logger
    this.#recentBytes = Math.max(MIN_RECENT_BYTES_PER_SHARD, Math.floor(RECENT_BYTES / log.shards))
    this.#fanout = new Fanout({
      flushMs,
      // An entry that finds no room at the end of the memory begins at its start again.
      maxUnflushedBytes: this.#recentBytes / 2,
      epochOf: this.epochOf,
      onFlushed: (lags) => this.lag.observeAll(lags)
    })
  }

  /**
   * Resolves when the hub knows what the log held when it started. Rejects when the log cannot be read; then it may be
   * started again.
   */
  async start(): Promise<void> {
    try {
      await this.#begin()
    } catch (error) {
      await this.#end()
      this.#recent.length = 0
      throw error
    }
  }

  async #begin(): Promise<void> {
    this.#epoch = await this.#log.epoch()
    const ends: Position[] = []
    for (let shard = 0; shard < this.#log.shards; shard++) {
      const { last } = await this.#log.reach(shard)
      // Ids follow the clock of Redis, not that of this host. Of a shard that never held anything all is known.
      const idMs = Math.max(0, (last?.idMs ?? 0) - LOOK_BACK_MS)
      const head = { shard, idMs, idSeq: 0, index: LAST_INDEX }
      this.#recent.push(new Recent(head, this.#recentBytes, this.topics))
      if (last) ends.push({ shard, ...last, index: 0 })
    }
    this.#follower = this.#log.follow(this.#recent.map(({ head }) => head))
    this.#following = this.#follow(this.#follower)
    await Promise.all(ends.map((end) => this.reaches(end, START_TIMEOUT_MS)))
    for (const recent of this.#recent) {
      const { first, isWhole } = await this.#log.reach(recent.shard)
      if (first && !isWhole) recent.limitTo({ shard: recent.shard, ...first, index: BEFORE_ENTRY })
    }
  }

  get epoch(): string {
    return this.#epoch
  }

  /** The epoch under which an event was seen. */
  readonly epochOf = (sequence: number): string =>
    this.#former.find((former) => sequence <= former.sequence)?.epoch ?? this.#epoch

  /** How a shard of a former log ended; nothing where the epoch is the present one, or none that the hub knows. */
  endingOf(epoch: string, shard: number): Ending | undefined {
    return this.#former.find((former) => former.epoch === epoch)?.endings.get(shard)
  }

  /** Epoch milliseconds of the newest event that the hub may have of the log before this one. */
  beginsAfterMs(shard: number): number {
    return this.#former.at(-1)?.endings.get(shard)?.next.idMs ?? 0
  }

  /** Whether the log could be read last time. */
  get isConnected(): boolean {
    return this.#follower?.isConnected ?? false
  }

  get conflated(): number {
    return this.#fanout.conflated
  }

  /** Everything before it was delivered to whoever listened. */
  get cursor(): string {
    return formatCursor(
      this.#epoch,
      this.#recent.map(({ head }) => head)
    )
  }

  /** The same for some shards. */
  cursorOf(shards: readonly number[]): string {
    return formatCursor(
      this.#epoch,
      shards.map((shard) => this.#recent[shard]!.head)
    )
  }

  /** How many events were seen: the newest one's place among them. */
  get sequence(): number {
    return this.#sequence
  }

  recent(shard: number): Recent {
    return this.#recent[shard]!
  }

  shardOf(topic: Topic): number {
    return shardOf(topic.name, this.#log.shards)
  }

  listen(listener: HubListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Somebody is connected, who may ask for topics: entries are read as soon as they come, until the returned function is
   * called, once.
   */
  attend(): () => void {
    this.#attendants++
    this.#wake()
    return () => void this.#attendants--
  }

  /** Ends what clients hold of symbols that turned out to be unknown. */
  tellUnknown(symbols: ReadonlyMap<string, Failure>): void {
    for (const listener of this.#listeners) listener.unknown(symbols)
  }

  /** From now on the member gets the events of these topics too. Somebody must hold them for it. */
  follow(member: Member, topics: readonly Topic[], format: Format): void {
    this.#fanout.audiences.add(member, topics, format)
  }

  /** From now on the member gets no events of these topics. */
  unfollow(member: Member, topics: readonly Topic[]): void {
    this.#fanout.audiences.remove(member, topics)
  }

  /** From now on the member gets the events of what it follows in another format. */
  reformat(member: Member, format: Format): void {
    this.#fanout.audiences.reformat(member, format)
  }

  /** Brings a member everything that was seen; what it cannot take now it has missed. */
  settle(member: Member): void {
    this.#fanout.settle(member)
  }

  /** Waits until events up to a position were seen; false where that takes too long. */
  async reaches(position: Position, timeoutMs: number): Promise<boolean> {
    const reached = () => comparePositions(this.#recent[position.shard]!.head, position) >= 0
    if (reached()) return true
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const check = () => reached() && resolve(true)
    const timer = setTimeout(() => resolve(false), timeoutMs)
    this.#waiting.add(check)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(check)
    }
  }

  async close(): Promise<void> {
    await this.#end()
    this.#fanout.close()
  }

  async #follow(follower: Following): Promise<void> {
    let batches = 0
    for await (const { entries, gap } of follower) {
      if (gap) this.#goOn(gap)
      else this.#take(entries)
      if (entries.length > 0) this.#onEntries(entries)
      // A batch is of one shard.
      if (++batches % this.#log.shards === 0 && entries.length < FEW_ENTRIES) await this.#whileUnattended()
    }
  }

  async #whileUnattended(): Promise<void> {
    if (this.#attendants > 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, UNATTENDED_READ_MS)
    this.#wake = resolve
    await promise
    clearTimeout(timer)
  }

  async #end(): Promise<void> {
    await this.#follower?.return()
    this.#wake()
    await this.#following
    this.#follower = undefined
  }

  /** Lets the topics that were made lately know their newest events. To be called before a topic's newest event is told. */
  lookBack(): void {
    if (this.#unseen.size === 0) return
    for (const [shard, topics] of Map.groupBy(this.#unseen, (topic) => this.shardOf(topic))) {
      this.#recent[shard]!.lookBack(topics)
    }
    this.#unseen.clear()
  }

  #take(entries: readonly LogEntry[]): void {
    // Before entries that are looked back for are dropped, and newer ones taken for all that there is.
    this.lookBack()
    for (const read of entries) {
      this.#fanout.makeRoom(read.bytes.length)
      const entry = this.#recent[read.shard]!.add(read, this.#sequence + 1)
      const named = this.topics.namedBy(entry)
      if (named) this.#spread(entry, named)
      this.#sequence += entry.count
    }
    for (const check of this.#waiting) check()
  }

  #spread(entry: LogEntry, named: readonly (Topic | undefined)[]): void {
    let opening: string | undefined
    for (let index = 0; index < entry.count; index++) {
      const topic = named[entry.row(index)]
      if (!topic) continue
      if (topic.entry && topic.isState && isSuperseded({ entry, index }, { entry: topic.entry, index: topic.index }))
        continue
      const previous = topic.entry && topic.wants.changes > 0 ? newestOf(topic) : undefined
      topic.entry = entry
      topic.index = index
      topic.sequence = this.#sequence + 1 + index
      if (!topic.hasAudience) continue
      opening ??= cursorOpening(this.#epoch, entry)
      this.#fanout.publish({ topic, entry, index, sequence: topic.sequence }, opening, previous)
    }
    if (opening !== undefined) this.#fanout.noteAppend(entry.appendedAt)
  }

  #goOn({ epoch, losses }: Gap): void {
    this.#logger.warn({ epoch }, 'the log lost what it held; clients are told and get snapshots')
    const endings = losses.map((loss) => this.#endingAt(epoch, loss))
    if (epoch !== this.#epoch) {
      const byShard = new Map(endings.map((ending) => [ending.last.shard, ending]))
      this.#former.push({ epoch: this.#epoch, sequence: this.#sequence, endings: byShard })
      if (this.#former.length > MAX_FORMER_EPOCHS) this.#former.shift()
      for (const { next } of endings) this.#recent[next.shard]!.goOn(next)
      this.#epoch = epoch
    } else for (const { next } of endings) this.#recent[next.shard]!.restart(next)
    const lost = new Map(endings.map(({ last, lostFromMs }) => [last.shard, lostFromMs]))
    for (const listener of this.#listeners) listener.lost(lost)
    for (const check of this.#waiting) check()
  }

  #endingAt(epoch: string, { position, since, held }: Loss): Ending {
    const recent = this.#recent[position.shard]!
    const lostFromMs = (held && recent.newestBeside(since, held)) ?? since.idMs
    return { last: recent.head, next: { epoch, ...position }, lostFromMs }
  }
}
