import type { Place, Position } from '../log/position.ts'

/** Cursors of older ones mean nothing to the hub. */
const MAX_FORMER_LOGS = 8

/** How a shard's former log ended for the hub. */
export type Ending = {
  /** Behind the newest of it that the hub saw. */
  readonly last: Position
  /** The log that took its place, and where the hub goes on in it. */
  readonly next: Place
  /** Events may be missing from this instant on, epoch milliseconds: everything up to it was delivered. None where undefined. */
  readonly lostFromMs: number | undefined
}

/** The logs that were replaced while a hub followed, each under the epoch that it had. */
export class FormerLogs {
  /** Endings by shard; the oldest log first. */
  readonly #logs: { readonly epoch: string; readonly endings: ReadonlyMap<number, Ending> }[] = []

  add(epoch: string, endings: readonly Ending[]): void {
    this.#logs.push({ epoch, endings: new Map(endings.map((ending) => [ending.last.shard, ending])) })
    if (this.#logs.length > MAX_FORMER_LOGS) this.#logs.shift()
  }

  /** Nothing where the epoch is the present one, or none that is known. */
  endingOf(epoch: string, shard: number): Ending | undefined {
    return this.#logs.find((former) => former.epoch === epoch)?.endings.get(shard)
  }

  /** Where the hub began with a shard's present log; nothing where it has followed no other. */
  beginOf(shard: number): Position | undefined {
    return this.#logs.at(-1)?.endings.get(shard)?.next.at
  }
}
