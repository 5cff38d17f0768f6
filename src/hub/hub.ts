import type { Logger } from 'pino'
import type { LogEntry } from '../log/log-entry.ts'
import type { LogReader } from '../log/log.ts'
import { formatCursor, stemOf, type CursorStem } from '../log/cursor.ts'
import type { Place, Position } from '../log/position.ts'
import { beginningOf, comparePositions } from '../log/positions.ts'
import { shardOf } from '../log/shard.ts'
import { isSuperseded } from '../log/superseded.ts'
import type { Following, Gap, Loss } from '../log/batch.ts'
import { Conditions } from './conditions.ts'
import { Attendance } from './attendance.ts'
import { Fanout, newestOf } from './fanout.ts'
import { FormerLogs, type Ending } from './former-logs.ts'
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
/** Where more entries come at once, the hub is behind, and does not wait for others. */
const FEW_ENTRIES = 48

export type HubOptions = {
  log: LogReader
  logger: Pick<Logger, 'warn'>
  /** See FanoutOptions. */
  flushMs: number
  /** Given every entry, right behind those who listen. */
  onEntries: (entries: readonly LogEntry[]) => void
  /** What is kept of the newest entries, of all shards together. */
  recentBytes?: number
}

/** Shards of which events may be missing, each with the instant from which on (epoch milliseconds). */
export type Losses = ReadonlyMap<number, number>

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
  readonly #recent: Recent[] = []
  readonly #recentBytes: number
  readonly #listeners = new Set<HubListener>()
  readonly #arrivals = new Conditions()
  /** Where the hub is, by shard. */
  readonly #heads: Place[] = []
  readonly #former = new FormerLogs()
  readonly #attendance = new Attendance()
  /** Topics of which it was not looked yet whether the memory of recent entries has an event. */
  readonly #unseen = new Set<Topic>()
  #epoch = ''
  #sequence = 0
  #follower: Following | undefined
  #following: Promise<void> | undefined

  constructor({ log, logger, flushMs, onEntries, recentBytes = RECENT_BYTES }: HubOptions) {
    this.#onEntries = onEntries
    this.#log = log
    this.#logger = logger
    this.#recentBytes = Math.max(
      Math.min(MIN_RECENT_BYTES_PER_SHARD, recentBytes),
      Math.floor(recentBytes / log.shards)
    )
    this.#fanout = new Fanout({
      flushMs,
      // An entry that finds no room at the end of the memory begins at its start again.
      maxUnflushedBytes: this.#recentBytes / 2,
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
      this.#heads.length = 0
      throw error
    }
  }

  async #begin(): Promise<void> {
    this.#epoch = await this.#log.epoch()
    const ends: Position[] = []
    for (let shard = 0; shard < this.#log.shards; shard++) {
      const { last } = await this.#log.reach(shard)
      // Of a shard that never held anything all is known.
      const head = last ? await this.#log.at(shard, this.#log.timeOf(last) - LOOK_BACK_MS) : beginningOf(shard)
      this.#recent.push(new Recent(head, this.#recentBytes, this.topics))
      this.#heads.push({ epoch: this.#epoch, at: head })
      if (last) ends.push(last)
    }
    this.#follower = this.#log.follow(this.#recent.map(({ head }) => head))
    this.#following = this.#follow(this.#follower)
    await Promise.all(ends.map((end) => this.reaches(end, START_TIMEOUT_MS)))
    for (const recent of this.#recent) {
      const { first, isWhole } = await this.#log.reach(recent.shard)
      if (first && !isWhole) recent.limitTo(first)
    }
  }

  get epoch(): string {
    return this.#epoch
  }

  get former(): Pick<FormerLogs, 'endingOf' | 'beginOf'> {
    return this.#former
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
    return formatCursor(this.#heads)
  }

  /** The same as a place. */
  headOf(shard: number): Place {
    return this.#heads[shard]!
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
    return this.#attendance.attend()
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
    return this.#arrivals.until(() => comparePositions(this.#recent[shard]!.head, position) >= 0, timeoutMs)
  }

  /** Waits until the log of an epoch is followed; false where that takes too long. */
  async reachesEpoch(epoch: string, timeoutMs: number): Promise<boolean> {
    return this.#arrivals.until(() => this.#epoch === epoch, timeoutMs)
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
      this.#recent[shard]!.lookBack(topics)
    }
    this.#unseen.clear()
  }

  #take(entries: readonly LogEntry[]): void {
    // Before entries that are looked back for are dropped, and newer ones taken for all that there is.
    this.lookBack()
    for (const read of entries) {
      this.#fanout.makeRoom(read.bytes.length)
      const recent = this.#recent[read.shard]!
      const entry = recent.add(read, this.#sequence + 1)
      this.#heads[read.shard] = { epoch: this.#epoch, at: recent.head }
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
      if (topic.toldBars?.isNews(entry, index) === false) continue
      const previous = topic.entry && topic.wants.changes > 0 ? newestOf(topic) : undefined
      topic.entry = entry
      topic.index = index
      topic.sequence = this.#sequence + 1 + index
      topic.stem = topic.hasAudience ? (stem ??= stemOf(entry, this.#heads)) : undefined
      if (topic.stem)
        this.#fanout.publish({ topic, entry, index, sequence: topic.sequence, stem: topic.stem }, previous)
    }
    if (stem) this.#fanout.noteAppend(entry.appendedAt)
  }

  #goOn({ epoch, losses }: Gap): void {
    this.#logger.warn(
      { epoch },
      'the log lost what it held; clients are told where events may be missing, and get snapshots'
    )
    const endings = losses.map((loss) => this.#endingAt(epoch, loss))
    if (epoch !== this.#epoch) {
      this.#former.add(this.#epoch, endings)
      for (const { next } of endings) this.#recent[next.at.shard]!.goOn(next.at)
      this.#epoch = epoch
    } else for (const { next } of endings) this.#recent[next.at.shard]!.restart(next.at)
    for (const { next } of endings) this.#heads[next.at.shard] = next
    const lost = endings.flatMap(({ last, lostFromMs }) =>
      lostFromMs === undefined ? [] : [[last.shard, lostFromMs] as const]
    )
    if (lost.length > 0) for (const listener of this.#listeners) listener.lost(new Map(lost))
    this.#arrivals.check()
  }

  #endingAt(epoch: string, { position, since, held, isMissing }: Loss): Ending {
    const recent = this.#recent[position.shard]!
    const lostFrom = (held && recent.newestBeside(since, held)) ?? since
    return {
      last: recent.head,
      next: { epoch, at: position },
      lostFromMs: isMissing ? this.#log.timeOf(lostFrom) : undefined
    }
  }
}
