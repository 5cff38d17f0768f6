/** How soon a second user, or the last but one that was deleted, changes what one user may spend. */
const COUNT_EVERY_MS = 60_000

export type UserShareOptions = {
  /** What one of several users may spend. */
  percent: number
  /** Users there are; may reject, then the last count stands. */
  count: () => Promise<number>
  now?: () => number
}

/** The share of the vendors' budgets that one user may spend: a user who is alone may spend all. */
export function createUserShare({ percent, count, now = Date.now }: UserShareOptions): () => number {
  let isAlone = false
  let countedAt = -Infinity

  async function recount(): Promise<void> {
    try {
      isAlone = (await count()) < 2
    } catch {
      // Postgres is away, and whoever else needs it says so.
    }
  }

  return () => {
    if (now() - countedAt >= COUNT_EVERY_MS) {
      countedAt = now()
      void recount()
    }
    return isAlone ? 100 : percent
  }
}
