import type { Row } from './source.ts'

/** Rows of one shard that were read, and are not taken yet; `at`: of the follower's positions, by number. */
export type Untaken = { readonly at: number; readonly rows: readonly Row[] }

/** What a follower has read and not given yet, oldest first. */
export class UntakenRows {
  readonly #held: Untaken[] = []
  #bytes = 0

  /** Of the entries. */
  get bytes(): number {
    return this.#bytes
  }

  push(untaken: Untaken): void {
    this.#held.push(untaken)
    this.#bytes += bytesOf(untaken)
  }

  shift(): Untaken | undefined {
    const oldest = this.#held.shift()
    if (oldest) this.#bytes -= bytesOf(oldest)
    return oldest
  }

  /** The newest of a shard. */
  lastOf(at: number): Untaken | undefined {
    return this.#held.findLast((each) => each.at === at)
  }
}

const bytesOf = ({ rows }: Untaken): number => rows.reduce((sum, { entry }) => sum + (entry?.length ?? 0), 0)
