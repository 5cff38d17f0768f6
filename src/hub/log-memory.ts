import type { Gap, Loss } from '../log/batch.ts'
import type { LogReader } from '../log/log.ts'
import type { LogEntry } from '../log/log-entry.ts'
import type { Place, Position } from '../log/position.ts'
import { beginningOf } from '../log/positions.ts'
import { FormerLogs, type Ending } from './former-logs.ts'
import { Recent } from './recent.ts'
import type { Topics } from './topics.ts'

/** How far back a hub looks when it starts, so that those who were connected elsewhere resume from its memory. */
const LOOK_BACK_MS = 60_000
/** Clients that were away for moments are served from here; older ones from the log itself. Shared by the shards. */
const RECENT_BYTES = 32 * 1024 * 1024
const MIN_RECENT_BYTES_PER_SHARD = 1024 * 1024

export type LogMemoryOptions = {
  log: LogReader
  topics: Topics
  /** What is kept of the newest entries, of all shards together. */
  recentBytes: number | undefined
}

/** Shards of which events may be missing, each with the instant from which on (epoch milliseconds). */
export type Losses = ReadonlyMap<number, number>

/** What a hub knows of the log: the newest entries of each shard, where it is in each, and how the logs before it ended. */
export class LogMemory {
  /** The most that is kept of a shard's entries. */
  readonly bytesPerShard: number
  readonly #log: LogReader
  readonly #topics: Topics
  readonly #recent: Recent[] = []
  readonly #heads: Place[] = []
  readonly #former = new FormerLogs()
  #epoch = ''

  constructor({ log, topics, recentBytes = RECENT_BYTES }: LogMemoryOptions) {
    this.#log = log
    this.#topics = topics
    this.bytesPerShard = Math.max(
      Math.min(MIN_RECENT_BYTES_PER_SHARD, recentBytes),
      Math.floor(recentBytes / log.shards)
    )
  }

  get epoch(): string {
    return this.#epoch
  }

  get former(): Pick<FormerLogs, 'endingOf' | 'beginOf'> {
    return this.#former
  }

  /** Where the hub is, by shard. */
  get heads(): readonly Place[] {
    return this.#heads
  }

  /** By shard. */
  get all(): readonly Recent[] {
    return this.#recent
  }

  recent(shard: number): Recent {
    return this.#recent[shard]!
  }

  /** Knows nothing yet but from where on it is to be told. Resolves to the newest record of each shard that holds any. */
  async begin(): Promise<Position[]> {
    this.#epoch = await this.#log.epoch()
    const ends: Position[] = []
    for (let shard = 0; shard < this.#log.shards; shard++) {
      const { last } = await this.#log.reach(shard)
      // Of a shard that never held anything all is known.
      const head = last ? await this.#log.at(shard, this.#log.timeOf(last) - LOOK_BACK_MS) : beginningOf(shard)
      this.#recent.push(new Recent(head, this.bytesPerShard, this.#topics))
      this.#heads.push({ epoch: this.#epoch, at: head })
      if (last) ends.push(last)
    }
    return ends
  }

  /** Promises nothing from before what the log itself still holds. */
  async limitToReach(): Promise<void> {
    for (const recent of this.#recent) {
      const { first, isWhole } = await this.#log.reach(recent.shard)
      if (first && !isWhole) recent.limitTo(first)
    }
  }

  forget(): void {
    this.#recent.length = 0
    this.#heads.length = 0
  }

  /** See Recent. */
  add(read: LogEntry, firstSequence: number): LogEntry {
    const recent = this.recent(read.shard)
    const entry = recent.add(read, firstSequence)
    this.#heads[read.shard] = { epoch: this.#epoch, at: recent.head }
    return entry
  }

  /** Goes on behind what the log lost. Returns of which shards something may be missing. */
  goOn({ epoch, losses }: Gap): Losses {
    const endings = losses.map((loss) => this.#endingAt(epoch, loss))
    if (epoch !== this.#epoch) {
      this.#former.add(this.#epoch, endings)
      for (const { next } of endings) this.recent(next.at.shard).goOn(next.at)
      this.#epoch = epoch
    } else for (const { next } of endings) this.recent(next.at.shard).restart(next.at)
    for (const { next } of endings) this.#heads[next.at.shard] = next
    return new Map(
      endings.flatMap(({ last, lostFromMs }) => (lostFromMs === undefined ? [] : [[last.shard, lostFromMs] as const]))
    )
  }

  #endingAt(epoch: string, { position, since, held, isMissing }: Loss): Ending {
    const recent = this.recent(position.shard)
    const lostFrom = (held && recent.newestBeside(since, held)) ?? since
    return {
      last: recent.head,
      next: { epoch, at: position },
      lostFromMs: isMissing ? this.#log.timeOf(lostFrom) : undefined
    }
  }
}
