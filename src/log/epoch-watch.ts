import { comparePositions, LAST_INDEX, type Position } from './position.ts'
import type { LogSource, StreamId } from './source.ts'

/** What a look at the log found. */
export type Finding = {
  readonly epoch: string
  /** The log is another one than at the last look: it was emptied, or has lost what it was seen to hold. */
  readonly isReplaced: boolean
  /** Entries may have come and been trimmed since the last one that was seen. */
  readonly hasTrimmed: boolean
}

type Standing = 'held' | 'trimmed' | 'lost'

/**
 * Remembers what the log was seen to hold. Redis persists a moment late, and a replica that takes over lacks what was
 * not sent to it yet: the log can come back without its newest entries and go on with others. Then the first process to
 * notice gives it a new epoch, by which all others know that they may have missed something.
 */
export class EpochWatch {
  readonly #source: LogSource
  /** The newest entry that was seen, per shard. */
  readonly #seen = new Map<number, Position>()
  #epoch: string | undefined

  /** `epoch`: the one that others were told already. */
  constructor(source: LogSource, epoch?: string) {
    this.#source = source
    this.#epoch = epoch
  }

  saw(position: Position): void {
    this.#seen.set(position.shard, position)
  }

  async look(): Promise<Finding> {
    const epoch = await this.#source.epoch()
    const known = (this.#epoch ??= epoch)
    const seen = [...this.#seen.values()]
    const standings = await Promise.all(seen.map((position) => this.#standingOf(position)))
    const hasLost = epoch === known && standings.includes('lost')
    this.#epoch = hasLost ? await this.#source.renewEpoch(epoch) : epoch
    const isReplaced = this.#epoch !== known
    for (const [at, { shard }] of seen.entries()) {
      if (isReplaced || standings[at] === 'trimmed') this.#seen.delete(shard)
    }
    return { epoch: this.#epoch, isReplaced, hasTrimmed: standings.includes('trimmed') }
  }

  /** Lets everybody know that events are missing from the log. */
  async renew(): Promise<void> {
    const { epoch } = await this.look()
    this.#epoch = await this.#source.renewEpoch(epoch)
  }

  async #standingOf(position: Position): Promise<Standing> {
    if (await this.#source.holds(position)) return 'held'
    const { first, last, isWhole } = await this.#source.reach(position.shard)
    if (!last || isBefore(last, position)) return 'lost'
    if (!first) return isBefore(position, last) ? 'trimmed' : 'held'
    return isWhole || isBefore(first, position) ? 'lost' : 'trimmed'
  }
}

export const isBefore = (a: StreamId, b: StreamId): boolean =>
  comparePositions({ ...a, index: LAST_INDEX }, { ...b, index: LAST_INDEX }) < 0
