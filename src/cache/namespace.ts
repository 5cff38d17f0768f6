import type { NamespaceStats } from '../market/cache-stats.ts'
import type { Answer } from '../market/market-data.ts'
import { Counters } from './counters.ts'
import { answerOf, isAbsence, type Entry } from './entry.ts'
import { MemoryTier } from './memory-tier.ts'
import type { Policy } from './policy.ts'
import type { RedisTier } from './redis-tier.ts'
import { Renewals } from './renewals.ts'

/** A load may hold its key's lock this long; longer than any load, so that only a dead process's lock expires. */
const LOCK_MS = 6000
/** How often a waiter looks by itself, should an announcement get lost. */
const POLL_MS = 150
/** How long a stale answer stands in after a failed renewal before the source is asked again. */
const REST_AFTER_FAILURE_MS = 2000

export type Outcome<T> = Answer<T> | Error

/** What stands behind the cache. */
export type Source<T> = {
  /**
   * Asks for keys; each result is a value or that key's error. `previous` holds what is already had, however old.
   * May reject as a whole, which then is every key's error.
   */
  load(keys: readonly string[], previous: ReadonlyMap<string, T>): Promise<ReadonlyMap<string, T | Error>>
  /** The rung under Redis: the last value that was persisted, or undefined. */
  lastGood?(key: string): Promise<T | undefined>
}

type Answers<T> = Map<string, Answer<T>>

/**
 * One kind of value behind both tiers. However many callers ask for a key, in however many processes, one load runs:
 * here they share a promise, elsewhere they wait for the holder of the key's lock. A load belongs to nobody's request.
 */
export class Namespace<T> {
  readonly policy: Policy<T>
  readonly memory: MemoryTier<T>
  readonly #redis: RedisTier
  readonly #now: () => number
  readonly #flights = new Map<string, Promise<Outcome<T>>>()
  readonly #renewals = new Renewals<Source<T>>((keys, source) => {
    this.#start(
      keys.filter((key) => !this.#flights.has(key)),
      source
    )
  })
  readonly #waiters = new Map<string, () => void>()
  readonly #staleLabels = new WeakMap<Answer<T>, Answer<T>>()
  readonly #counts = new Counters()

  constructor(policy: Policy<T>, redis: RedisTier, now: () => number) {
    this.policy = policy
    this.memory = new MemoryTier(policy)
    this.#redis = redis
    this.#now = now
  }

  /** The answer if memory holds a fresh one; synchronous. A miss is counted by the `get` that follows it. */
  fresh(key: string): Answer<T> | undefined {
    const entry = this.memory.get(key)
    if (entry === undefined || entry.freshUntil <= this.#now() || isAbsence(entry)) return undefined
    this.#counts.memory.hits++
    return entry
  }

  /** Counts answers from memory that were served without a look-up, joined from those of an earlier one. */
  countServed(answers: number): void {
    this.#counts.memory.hits += answers
  }

  /** The answer for one key, or its error as a rejection. */
  async get(key: string, source: Source<T>): Promise<Answer<T>> {
    const outcome = (await this.getMany([key], source)).get(key)!
    if (outcome instanceof Error) throw outcome
    return outcome
  }

  /** Every key with its answer or its error; what no tier has is asked of the source in one load. */
  async getMany(keys: readonly string[], source: Source<T>): Promise<Map<string, Outcome<T>>> {
    const outcomes = new Map<string, Outcome<T>>()
    const awaited = new Map<string, Promise<Outcome<T>>>()
    const missing: string[] = []
    const now = this.#now()
    for (const key of new Set(keys)) {
      const entry = this.memory.get(key)
      const outcome = entry && this.#outcomeOf(entry, now)
      if (outcome) {
        outcomes.set(key, outcome)
        if (entry.freshUntil <= now) this.#renewals.add(key, source)
        continue
      }
      this.#counts.memory.misses++
      const flight = this.#flights.get(key)
      if (!flight) missing.push(key)
      else {
        this.#counts.joins++
        awaited.set(key, flight)
      }
    }
    for (const [key, flight] of this.#start(missing, source)) awaited.set(key, flight)
    for (const [key, flight] of awaited) outcomes.set(key, await flight)
    return outcomes
  }

  /** Loads the keys even though they are fresh: for jobs that renew before anybody has to wait. */
  async refresh(keys: readonly string[], source: Source<T>): Promise<Map<string, Outcome<T>>> {
    return this.#load(keys, source, this.#inMemory(keys))
  }

  /** The keys that nothing fresh will be held of at an instant (epoch ms), in the order given. */
  async dueBy(keys: readonly string[], instant: number): Promise<string[]> {
    const outlasts = (entry: Entry<T> | undefined) => entry !== undefined && entry.freshUntil > instant
    const inDoubt = keys.filter((key) => !outlasts(this.memory.peek(key)))
    const entries = await this.#redis.read<T>(this.#redisKeys(inDoubt))
    return inDoubt.filter((_key, index) => !outlasts(entries[index]))
  }

  /** Another process stored the key (or gave up on it): wake who waits for it, forget what is older. */
  announced(key: string, receivedAt: number): void {
    this.memory.dropOlder(key, receivedAt)
    this.#waiters.get(key)?.()
  }

  /** What each tier holds for a key, for an explanation. */
  async inspect(key: string): Promise<{ memory: Entry<T> | undefined; redis: Entry<T> | undefined }> {
    const [redis] = await this.#redis.read<T>([this.policy.prefix + key])
    return { memory: this.memory.peek(key), redis }
  }

  get stats(): NamespaceStats {
    return this.#counts.stats(this.policy.name)
  }

  /** What a memory entry gives a caller now: nothing once it is too old to be served without waiting. */
  #outcomeOf(entry: Entry<T>, now: number): Outcome<T> | undefined {
    if (isAbsence(entry)) {
      if (entry.freshUntil <= now) return undefined
      this.#counts.negativeHits++
      return this.policy.negative!.errorOf(entry.reason)
    }
    if (entry.freshUntil > now) {
      this.#counts.memory.hits++
      return entry
    }
    if (entry.freshUntil + this.policy.revalidateMs <= now) return undefined
    this.#counts.memory.staleHits++
    return this.#labelStale(entry)
  }

  #start(keys: readonly string[], source: Source<T>): Map<string, Promise<Outcome<T>>> {
    const started = new Map<string, Promise<Outcome<T>>>()
    if (keys.length === 0) return started
    const batch = this.#fetch(keys, source).catch((error: unknown) => failAll<T>(keys, error))
    for (const key of keys) {
      const flight = batch.then((outcomes) => outcomes.get(key)!).finally(() => this.#flights.delete(key))
      this.#flights.set(key, flight)
      started.set(key, flight)
    }
    return started
  }

  async #fetch(keys: readonly string[], source: Source<T>): Promise<Map<string, Outcome<T>>> {
    const previous = this.#inMemory(keys)
    const { found, missing } = await this.#readRedis(keys, previous)
    if (missing.length === 0) return found

    const locked = await this.#redis.lock(this.#redisKeys(missing), LOCK_MS)
    const mine = missing.filter((key) => locked.has(this.policy.prefix + key))
    const others = missing.filter((key) => !locked.has(this.policy.prefix + key))
    this.#counts.joins += others.length
    const [loaded, ...waited] = await Promise.all([
      this.#loadLocked(mine, source, previous),
      ...others.map((key) => this.#wait(key, source, previous))
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
    const { found, missing } = await this.#readRedis(keys, previous)
    if (found.size > 0) await this.#redis.store(new Map(), this.#redisKeys([...found.keys()]), this.#now())
    return missing.length === 0 ? found : new Map([...found, ...(await this.#load(missing, source, previous))])
  }

  /** Waits for the process that holds the key's lock; takes over once the lock is free and nothing was stored. */
  async #wait(key: string, source: Source<T>, previous: Answers<T>): Promise<Map<string, Outcome<T>>> {
    for (let waitedMs = 0; waitedMs < LOCK_MS; waitedMs += POLL_MS) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, POLL_MS)
        this.#waiters.set(key, () => {
          clearTimeout(timer)
          resolve()
        })
      })
      this.#waiters.delete(key)
      const { found } = await this.#readRedis([key], previous)
      if (found.size > 0) return found
      const locked = await this.#redis.lock(this.#redisKeys([key]), LOCK_MS)
      if (locked.size > 0) return this.#loadLocked([key], source, previous)
    }
    return this.#load([key], source, previous)
  }

  async #readRedis(
    keys: readonly string[],
    previous: Answers<T>
  ): Promise<{ found: Map<string, Outcome<T>>; missing: string[] }> {
    const now = this.#now()
    const found = new Map<string, Outcome<T>>()
    const entries = await this.#redis.read<T>(this.#redisKeys(keys))
    for (const [index, key] of keys.entries()) {
      const entry = entries[index]
      if (entry === undefined || entry.freshUntil <= now) {
        this.#counts.redis.misses++
        if (entry && !isAbsence(entry) && (previous.get(key)?.receivedAt ?? 0) < entry.receivedAt) {
          previous.set(key, entry)
        }
        continue
      }
      this.memory.put(key, entry)
      if (isAbsence(entry)) {
        this.#counts.negativeHits++
        found.set(key, this.policy.negative!.errorOf(entry.reason))
      } else {
        this.#counts.redis.hits++
        found.set(key, entry)
      }
    }
    return { found, missing: keys.filter((key) => !found.has(key)) }
  }

  async #load(keys: readonly string[], source: Source<T>, previous: Answers<T>): Promise<Map<string, Outcome<T>>> {
    const values = new Map([...previous].map(([key, answer]) => [key, answer.value]))
    this.#counts.loads++
    let results: ReadonlyMap<string, T | Error>
    try {
      results = await source.load(keys, values)
    } catch (error) {
      results = new Map(keys.map((key) => [key, asError(error)]))
    }
    const outcomes = new Map<string, Outcome<T>>()
    const stored = new Map<string, Entry<T>>()
    const givenUp: string[] = []
    for (const key of keys) {
      const result = results.get(key) ?? new Error(`the source said nothing about ${this.policy.prefix}${key}`)
      const held = previous.get(key)
      const entry = this.#entryOf(result, held)
      if (entry) {
        this.memory.put(key, entry)
        stored.set(this.policy.prefix + key, entry)
        outcomes.set(key, isAbsence(entry) ? asError(result) : entry)
      } else {
        this.#counts.loadFailures++
        givenUp.push(this.policy.prefix + key)
        outcomes.set(key, await this.#lastGood(key, asError(result), held, source))
      }
    }
    await this.#redis.store(stored, givenUp, this.#now())
    return outcomes
  }

  /** What to keep of a result. Nothing of a failure, nor of a "no such thing" about something that was just there. */
  #entryOf(result: T | Error, held: Answer<T> | undefined): Entry<T> | undefined {
    const now = this.#now()
    if (!(result instanceof Error)) {
      const freshUntil = now + this.policy.freshMs(result)
      return answerOf(result, { receivedAt: now, freshUntil, staleUntil: freshUntil + this.policy.staleMs })
    }
    const reason = this.policy.negative?.reasonOf(result)
    if (reason === undefined || (held && held.staleUntil > now)) return undefined
    return { absent: true, reason, receivedAt: now, freshUntil: now + this.policy.negative!.forMs }
  }

  /** The ladder's lower rungs: what the tiers still hold, then what was persisted, then the error. */
  async #lastGood(key: string, error: Error, held: Answer<T> | undefined, source: Source<T>): Promise<Outcome<T>> {
    const now = this.#now()
    const inTiers = held && held.staleUntil > now ? held : undefined
    const value = inTiers ? inTiers.value : await source.lastGood?.(key).catch(() => undefined)
    if (value === undefined) return error
    const answer = answerOf(this.policy.stale(value, error), {
      // Not the vendor's own instant, which is a little earlier: memory keeps what was received later.
      receivedAt: inTiers?.receivedAt ?? this.policy.receivedAt(value),
      freshUntil: now + REST_AFTER_FAILURE_MS,
      staleUntil: inTiers?.staleUntil ?? now + this.policy.staleMs
    })
    this.#counts.redis.staleHits++
    this.memory.put(key, answer)
    return answer
  }

  #labelStale(answer: Answer<T>): Answer<T> {
    const known = this.#staleLabels.get(answer)
    if (known) return known
    const labelled = answerOf(this.policy.stale(answer.value, undefined), answer)
    this.#staleLabels.set(answer, labelled)
    return labelled
  }

  /** What memory holds, however old. */
  #inMemory(keys: readonly string[]): Answers<T> {
    const held: Answers<T> = new Map()
    for (const key of keys) {
      const entry = this.memory.peek(key)
      if (entry && !isAbsence(entry)) held.set(key, entry)
    }
    return held
  }

  #redisKeys(keys: readonly string[]): string[] {
    return keys.map((key) => this.policy.prefix + key)
  }
}

function failAll<T>(keys: readonly string[], error: unknown): Map<string, Outcome<T>> {
  return new Map(keys.map((key) => [key, asError(error)]))
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
