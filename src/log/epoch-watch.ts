import type { LogSource, Retention } from './source.ts'
import { compareIds, type EntryPosition } from './entry-position.ts'

/** What a look at the log found. */
export type Finding = {
  readonly epoch: string
  /** The log is another one than at the last look: it was emptied, or has lost what it was seen to hold. */
  readonly isReplaced: boolean
  /** Shards where entries may have come and been trimmed since the last one that was seen. */
  readonly trimmed: readonly number[]
}

/**
 * Remembers what the log was seen to hold. A server persists a moment late, and a replica that takes over lacks what was
 * not sent to it yet: the log can come back without its newest entries and go on with others. Then the first process to
 * notice gives it a new epoch, by which all others know that they may have missed something.
 */
export class EpochWatch {
  readonly #source: LogSource
  /** The newest entry that was seen, per shard. */
  readonly #seen = new Map<number, EntryPosition>()
  /**
   * The newest entry that the last look found, per shard, or the first that was seen. Where it is gone, so is what followed, although a stream that
   * was emptied or put back has got new entries since, and those were seen.
   */
  readonly #found = new Map<number, EntryPosition>()
  #epoch: string | undefined

  /** `epoch`: the one that others were told already. */
  constructor(source: LogSource, epoch?: string) {
    this.#source = source
    this.#epoch = epoch
  }

  saw(position: EntryPosition): void {
    this.#seen.set(position.shard, position)
    if (!this.#found.has(position.shard)) this.#found.set(position.shard, position)
  }

  /** `isGone`: it is known already that the log has lost what it held. */
  async look(isGone = false): Promise<Finding> {
    const epoch = await this.#source.epoch()
    const known = (this.#epoch ??= epoch)
    const seen = [...this.#seen.values()]
    const retentions = await Promise.all(seen.map((position) => this.#retentionSinceFound(position)))
    const hasLost = epoch === known && (isGone || retentions.includes('lost'))
    this.#epoch = hasLost ? await this.#source.renewEpoch(epoch) : epoch
    const isReplaced = this.#epoch !== known
    const trimmed: number[] = []
    for (const [at, position] of seen.entries()) {
      const { shard } = position
      this.#found.set(shard, position)
      if (retentions[at] === 'trimmed') trimmed.push(shard)
      if (!isReplaced && retentions[at] !== 'trimmed') continue
      this.#seen.delete(shard)
      this.#found.delete(shard)
    }
    return { epoch: this.#epoch, isReplaced, trimmed }
  }

  /** Lets everybody know that events are missing from the log. */
  async renew(): Promise<void> {
    const { epoch } = await this.look()
    this.#epoch = await this.#source.renewEpoch(epoch)
  }

  async #retentionSinceFound(newest: EntryPosition): Promise<Retention> {
    const retention = await this.#source.retentionOf(newest)
    const found = this.#found.get(newest.shard)
    if (retention !== 'held' || !found || compareIds(found, newest) === 0) return retention
    return (await this.#source.retentionOf(found)) === 'lost' ? 'lost' : 'held'
  }
}
