import type { ShardReach } from './source.ts'
import { isBefore, type EntryId } from './entry-position.ts'

/** What a count showed: as many rows came as were added, or fewer, or more. */
export type Tally = 'right' | 'missed' | 'gone'

/**
 * Counts the rows that a follower reads of a shard, and holds them against how many the log's server says were ever
 * added to it. One that was put back to an earlier state has fewer, although every entry that is looked for may be there.
 */
export class RowCount {
  /** How many were added up to the row that counting begins behind; undefined where none is known yet. */
  #begin: number | undefined
  #rows = 0
  /** How many were added up to a row that is still to be read. */
  #next: { readonly last: EntryId; readonly added: number } | undefined

  /** Counts the next row. Says what the count shows, where it is complete there. */
  read(id: EntryId): Tally | undefined {
    this.#rows++
    if (!this.#next || isBefore(id, this.#next.last)) return undefined
    const { last, added } = this.#next
    // The row went before it was read.
    if (isBefore(last, id)) this.reset()
    else return this.#compare(added)
    return undefined
  }

  /** To be called now and then, after everything up to `position` was read, with how far the shard reaches. */
  look({ last, added }: ShardReach, position: EntryId): Tally | undefined {
    // The log's server does not count.
    if (added === undefined) {
      this.reset()
      return 'right'
    }
    if (this.#next) return undefined
    if (!last || !isBefore(position, last)) return this.#compare(added)
    this.#next = { last, added }
    return undefined
  }

  /** Begins anew: rows were passed over, or the stream is another one. */
  reset(): void {
    this.#begin = undefined
    this.#rows = 0
    this.#next = undefined
  }

  #compare(added: number): Tally {
    const expected = this.#begin === undefined ? added : this.#begin + this.#rows
    this.reset()
    this.#begin = added
    if (added === expected) return 'right'
    return added > expected ? 'missed' : 'gone'
  }
}
