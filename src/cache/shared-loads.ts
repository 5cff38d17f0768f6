import type { Answer } from '../market/market-data.ts'
import type { LoadLocks } from './load-locks.ts'
import type { Outcome, Source } from './source.ts'

/** Who waited for another process's load for so long loads for itself. */
const MAX_WAIT_MS = 6000

/** What is had of keys, however old. */
export type Answers<T> = Map<string, Answer<T>>

export type SharedLoadsOptions<T> = {
  readonly locks: LoadLocks
  readonly redisKey: (key: string) => string
  /** What Redis holds fresh of the keys; what it holds otherwise is added to `previous`. */
  readonly readRedis: (
    keys: readonly string[],
    previous: Answers<T>
  ) => Promise<{ found: Map<string, Outcome<T>>; missing: string[] }>
  readonly load: (keys: readonly string[], source: Source<T>, previous: Answers<T>) => Promise<Map<string, Outcome<T>>>
  /** Gives locks back of keys that need no load. */
  readonly release: (keys: readonly string[]) => Promise<void>
  /** Told how many keys another process loads already. */
  readonly onJoined: (count: number) => void
}

/** One load per key in the whole cluster: whoever takes the key's lock loads, all others wait for what it stores. */
export class SharedLoads<T> {
  readonly #options: SharedLoadsOptions<T>

  constructor(options: SharedLoadsOptions<T>) {
    this.#options = options
  }

  /** Another process stored the key, or gave up on it: wake who waits for it. */
  announced(key: string): void {
    this.#options.locks.announced(key)
  }

  /** Every key with what Redis holds, what was loaded here, or what another process loaded meanwhile. */
  async fetch(keys: readonly string[], source: Source<T>, previous: Answers<T>): Promise<Map<string, Outcome<T>>> {
    const { locks, redisKey, readRedis, onJoined } = this.#options
    const { found, missing } = await readRedis(keys, previous)
    if (missing.length === 0) return found

    const locked = await locks.take(missing.map(redisKey))
    const [mine, others] = [true, false].map((isMine) => missing.filter((key) => locked.has(redisKey(key)) === isMine))
    onJoined(others!.length)
    const [loaded, ...waited] = await Promise.all([
      this.#loadLocked(mine!, source, previous),
      ...others!.map((key) => this.#wait(key, source, previous))
    ])
    return new Map([...found, ...loaded, ...waited.flatMap((outcomes) => [...outcomes])])
  }

  /** Between the first look into Redis and the lock somebody else may have stored the entry: look again, then load. */
  async #loadLocked(
    keys: readonly string[],
    source: Source<T>,
    previous: Answers<T>
  ): Promise<Map<string, Outcome<T>>> {
    if (keys.length === 0) return new Map()
    const { locks, redisKey, readRedis, load, release } = this.#options
    const { found, missing } = await readRedis(keys, previous)
    if (found.size > 0) await release([...found.keys()])
    if (missing.length === 0) return found
    const loaded = await locks.during(missing.map(redisKey), () => load(missing, source, previous))
    return new Map([...found, ...loaded])
  }

  /** Waits for the process that holds the key's lock; takes over once the lock is free and nothing was stored. */
  async #wait(key: string, source: Source<T>, previous: Answers<T>): Promise<Map<string, Outcome<T>>> {
    const { locks, redisKey, readRedis, load } = this.#options
    for (let waitedMs = 0; waitedMs < MAX_WAIT_MS;) {
      waitedMs += await locks.news(key)
      const { found } = await readRedis([key], previous)
      if (found.size > 0) return found
      const locked = await locks.take([redisKey(key)])
      if (locked.size > 0) return this.#loadLocked([key], source, previous)
    }
    return load([key], source, previous)
  }
}
