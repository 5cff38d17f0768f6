import type { RedisTier } from './redis-tier.ts'

/** Short, and renewed while its load runs: a process that dies in the middle keeps the others waiting no longer. */
const LEASE_MS = 3000
const RENEW_EVERY_MS = 700
/** How often a waiter looks by itself, should an announcement get lost. */
const POLL_MS = 150

/** Who may load a key: one process at a time. Locks are freed by whoever stores the outcome, or gives up on it. */
export class LoadLocks {
  readonly #redis: RedisTier
  readonly #waiters = new Map<string, () => void>()

  constructor(redis: RedisTier) {
    this.#redis = redis
  }

  /** Which of the keys this process may load now. */
  take(keys: readonly string[]): Promise<Set<string>> {
    return this.#redis.lock(keys, LEASE_MS)
  }

  /** Keeps the locks until the load is over, however long it takes. */
  async during<R>(keys: readonly string[], load: () => Promise<R>): Promise<R> {
    const renewal = setInterval(() => void this.#redis.renewLocks(keys, LEASE_MS), RENEW_EVERY_MS)
    try {
      return await load()
    } finally {
      clearInterval(renewal)
    }
  }

  /** Resolves when another process announces the key, or when it is time to look. Returns how long it waited at most. */
  async news(key: string): Promise<number> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, POLL_MS)
      this.#waiters.set(key, () => {
        clearTimeout(timer)
        resolve()
      })
    })
    this.#waiters.delete(key)
    return POLL_MS
  }

  announced(key: string): void {
    this.#waiters.get(key)?.()
  }
}
