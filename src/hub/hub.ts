import type { Logger } from 'pino'
import type { LogEntry } from '../log/log-entry.ts'
import type { LogReader } from '../log/log.ts'
import { formatCursor, stemOf, type CursorStem } from '../log/cursor.ts'
import type { Place, Position } from '../log/position.ts'
import { comparePositions } from '../log/positions.ts'
import { shardOf } from '../log/shard.ts'
import { isSuperseded } from '../log/superseded.ts'
import type { Following, Gap } from '../log/batch.ts'
import { Conditions } from './conditions.ts'
import { Attendance } from './attendance.ts'
import { Fanout, newestOf } from './fanout.ts'
import type { FormerLogs } from './former-logs.ts'
import { LagHistogram } from './lag-histogram.ts'
import { LogMemory, type Losses } from './log-memory.ts'
import type { Failure } from './protocol.ts'
import type { Recent } from './recent.ts'
import type { Format, Member, Topic } from './topic.ts'
import { Topics } from './topics.ts'

const START_TIMEOUT_MS = 10_000
/** Where more entries come at once, the hub is behind, and does not wait for others. */
const FEW_ENTRIES = 48

export type HubOptions = {
  log: LogReader
  logger: Pick<Logger, 'warn'>
  /** See FanoutOptions. */
  flushMs: number
  /** Given every entry, right behind those who listen. */
  onEntries: (entries: readonly LogEntry[]) => void
  /** See LogMemoryOptions. */
  recentBytes?: number
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
  readonly #log: LogReader
  readonly #onEntries: HubOptions['onEntries']
  readonly #logger: Pick<Logger, 'warn'>
  readonly #fanout: Fanout
  readonly #memory: LogMemory
  readonly #listeners = new Set<HubListener>()
  readonly #arrivals = new Conditions()
  readonly #attendance = new Attendance()
  /** Topics of which it was not looked yet whether the memory of recent entries has an event. */
  readonly #unseen = new Set<Topic>()
  #sequence = 0
  #follower: Following | undefined
  #following: Promise<void> | undefined

  constructor({ log, logger, flushMs, onEntries, recentBytes }: HubOptions) {
    this.#onEntries = onEntries
    this.#log = log
    this.#logger = logger
    this.#memory = new LogMemory({ log, topics: this.topics, recentBytes })
    this.#fanout = new Fanout({
      flushMs,
      // An entry that finds no room at the end of the memory begins at its start again.
      maxUnflushedBytes: this.#memory.bytesPerShard / 2,
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
      this.#memory.forget()
      throw error
    }
  }

  async #begin(): Promise<void> {
    const ends = await this.#memory.begin()
    this.#follower = this.#log.follow(this.#memory.all.map(({ head }) => head))
    this.#following = this.#follow(this.#follower)
    await Promise.all(ends.map((end) => this.reaches(end, START_TIMEOUT_MS)))
    await this.#memory.limitToReach()
  }

  get epoch(): string {
    return this.#memory.epoch
  }

  get former(): Pick<FormerLogs, 'endingOf' | 'beginOf'> {
    return this.#memory.former
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
    return formatCursor(this.#memory.heads)
  }

  /** The same as a place. */
  headOf(shard: number): Place {
    return this.#memory.heads[shard]!
  }

  /** Of its log. */
  get shards(): number {
    return this.#log.shards
  }

  /** How many events were seen: the newest one's place among them. */
  get sequence(): number {
    return this.#sequence
  }

  recent(shard: number): Recent {
    return this.#memory.recent(shard)
  }

  shardOf(topic: Topic): number {
    return shardOf(topic.name, this.#log.shards)
  }

  listen(listener: HubListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Somebody is connected, who may ask for topics: entries are read as soon as they come, until as many have left. */
  attend(): void {
    this.#attendance.attend()
  }

  leave(): void {
    this.#attendance.leave()
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
    const { shard } = position
    return this.#arrivals.until(() => comparePositions(this.recent(shard).head, position) >= 0, timeoutMs)
  }

  /** Waits until the log of an epoch is followed; false where that takes too long. */
  async reachesEpoch(epoch: string, timeoutMs: number): Promise<boolean> {
    return this.#arrivals.until(() => this.epoch === epoch, timeoutMs)
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
      if (++batches % this.#log.shards === 0 && entries.length < FEW_ENTRIES) await this.#attendance.pause()
    }
  }

  async #end(): Promise<void> {
    await this.#follower?.return()
    this.#attendance.end()
    await this.#following
    this.#follower = undefined
  }

  /** Lets the topics that were made lately know their newest events. To be called before a topic's newest event is told. */
  lookBack(): void {
    if (this.#unseen.size === 0) return
    for (const [shard, topics] of Map.groupBy(this.#unseen, (topic) => this.shardOf(topic))) {
      this.recent(shard).lookBack(topics)
    }
    this.#unseen.clear()
  }

  #take(entries: readonly LogEntry[]): void {
    // Before entries that are looked back for are dropped, and newer ones taken for all that there is.
    this.lookBack()
    for (const read of entries) {
      this.#fanout.makeRoom(read.bytes.length)
      const entry = this.#memory.add(read, this.#sequence + 1)
      const named = this.topics.namedBy(entry)
      if (named) this.#spread(entry, named)
      this.#sequence += entry.count
    }
    this.#arrivals.check()
  }

  #spread(entry: LogEntry, named: readonly (Topic | undefined)[]): void {
    let stem: CursorStem | undefined
    for (let index = 0; index < entry.count; index++) {
      const topic = named[entry.row(index)]
      if (!topic) continue
      if (topic.entry && topic.isState && isSuperseded({ entry, index }, { entry: topic.entry, index: topic.index }))
        continue
      if (topic.barDeduplicator?.isNews(entry, index) === false) continue
      const previous = topic.entry && topic.wants.changes > 0 ? newestOf(topic) : undefined
      topic.entry = entry
      topic.index = index
      topic.sequence = this.#sequence + 1 + index
      topic.stem = topic.hasAudience ? (stem ??= stemOf(entry, this.#memory.heads)) : undefined
      if (topic.stem)
        this.#fanout.publish({ topic, entry, index, sequence: topic.sequence, stem: topic.stem }, previous)
    }
    if (stem) this.#fanout.noteAppend(entry.appendedAt)
  }

  #goOn(gap: Gap): void {
    this.#logger.warn(
      { epoch: gap.epoch },
      'the log lost what it held; clients are told where events may be missing, and get snapshots'
    )
    const lost = this.#memory.goOn(gap)
    if (lost.size > 0) for (const listener of this.#listeners) listener.lost(lost)
    this.#arrivals.check()
  }
}
