import type { NamespaceStats } from '../market/cache-stats.ts'
import type { Answer } from '../market/market-data.ts'
import { Counters } from './counters.ts'
import { answerUnder, encodedAnswer, freshnessOf, isNegative, type Entry } from './entry.ts'
import { heldEntries, heldInMemory } from './held-entries.ts'
import { LoadLocks } from './load-locks.ts'
import { MemoryTier } from './memory-tier.ts'
import { Negatives } from './negative-entries.ts'
import type { Policy } from './policy.ts'
import { comesBefore } from './order.ts'
import { SharedLoads, type Answers } from './shared-loads.ts'
import type { OrderedEntry, RedisTier } from './redis-tier.ts'
import { Renewals } from './renewals.ts'
import { asError, failAll, persistedBy, SupersededLoad, type Behind, type Outcome, type Source } from './source.ts'
import { StaleIfError } from './stale-if-error.ts'

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
  readonly #loads: SharedLoads<T>
  readonly #staleIfError: StaleIfError<T>
  readonly #negatives: Negatives
  readonly #counts = new Counters()

  constructor(policy: Policy<T>, redis: RedisTier, now: () => number) {
    this.policy = policy
    this.memory = new MemoryTier(policy, (seen) =>
      encodedAnswer(seen, freshnessOf(seen.value, seen.receivedAt, policy))
    )
    this.#redis = redis
    this.#loads = new SharedLoads({
      locks: new LoadLocks(redis),
      redisKey: (key) => this.policy.prefix + key,
      readRedis: (keys, previous) => this.#readRedis(keys, previous),
      load: (keys, source, previous) => this.#load(keys, source, previous),
      release: (keys) => this.#redis.store(new Map(), this.#redisKeys(keys), this.#now()),
      onJoined: (count) => void (this.#counts.joins += count)
    })
    this.#now = now
    this.#staleIfError = new StaleIfError(policy, now)
    this.#negatives = new Negatives(policy.negative, now)
  }

  /** The answer if memory holds a fresh one; synchronous. A miss is counted by the `get` that follows it. */
  fresh(key: string): Answer<T> | undefined {
    const entry = this.memory.get(key)
    if (entry === undefined || entry.freshUntil <= this.#now() || isNegative(entry)) return undefined
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
        if (outcome instanceof Promise) awaited.set(key, outcome)
        else outcomes.set(key, outcome)
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
    return this.#load(keys, source, await this.held(keys))
  }

  /** What the tiers hold of each key, however old, without asking the source. */
  async held(keys: readonly string[]): Promise<Answers<T>> {
    const held: Answers<T> = new Map()
    for (const [key, entry] of await this.#entries(keys)) if (!isNegative(entry)) held.set(key, entry)
    return held
  }

  /** The same, and the error of each key of which it is remembered that there is no such thing. */
  async heldOutcomes(keys: readonly string[]): Promise<Map<string, Outcome<T>>> {
    const outcomes = new Map<string, Outcome<T>>()
    for (const [key, entry] of await this.#entries(keys)) {
      if (!isNegative(entry)) outcomes.set(key, entry)
      else if (entry.freshUntil > this.#now()) outcomes.set(key, this.#negatives.errorOf(entry))
    }
    return outcomes
  }

  /** Another process stored the key (or gave up on it): wake who waits for it, forget what is older. */
  announced(key: string, receivedAt: number, order?: readonly number[]): void {
    this.memory.dropOlder(key, receivedAt, order)
    this.#loads.announced(key)
  }

  /** What each tier holds for a key, for an explanation. */
  async inspect(key: string): Promise<{ memory: Entry<T> | undefined; redis: Entry<T> | undefined }> {
    const [redis] = await this.#redis.read<T>([this.policy.prefix + key], this.policy)
    return { memory: this.memory.peek(key), redis }
  }

  get stats(): NamespaceStats {
    return this.#counts.stats(this.policy.name)
  }

  /** What a memory entry gives a caller now: nothing once it is too old to be served without waiting. */
  #outcomeOf(entry: Entry<T>, now: number): Outcome<T> | Promise<Outcome<T>> | undefined {
    if (isNegative(entry)) {
      if (entry.freshUntil <= now) return undefined
      this.#counts.negativeHits++
      return this.#negatives.errorOf(entry)
    }
    if (entry.freshUntil > now) {
      this.#counts.memory.hits++
      return entry
    }
    if (entry.freshUntil + this.policy.revalidateMs <= now) return undefined
    this.#counts.memory.staleHits++
    return this.#staleIfError.labelled(entry)
  }

  #start(keys: readonly string[], source: Source<T>): Map<string, Promise<Outcome<T>>> {
    const started = new Map<string, Promise<Outcome<T>>>()
    if (keys.length === 0) return started
    const batch = this.#loads
      .fetch(keys, source, heldInMemory(keys, this.memory))
      .catch((error: unknown) => failAll<T>(keys, error))
    for (const key of keys) {
      const flight = batch.then((outcomes) => outcomes.get(key)!).finally(() => this.#flights.delete(key))
      this.#flights.set(key, flight)
      started.set(key, flight)
    }
    return started
  }

  async #readRedis(
    keys: readonly string[],
    previous: Answers<T>
  ): Promise<{ found: Map<string, Outcome<T>>; missing: string[] }> {
    const now = this.#now()
    const found = new Map<string, Outcome<T>>()
    const entries = await this.#redis.read<T>(this.#redisKeys(keys), this.policy)
    for (const [index, key] of keys.entries()) {
      const entry = entries[index]
      if (entry === undefined || entry.freshUntil <= now || this.#isSuperseded(key, entry)) {
        this.#counts.redis.misses++
        if (entry && !isNegative(entry) && (previous.get(key)?.receivedAt ?? 0) < entry.receivedAt) {
          previous.set(key, entry)
        }
        continue
      }
      this.memory.put(key, entry)
      if (isNegative(entry)) {
        this.#counts.negativeHits++
        found.set(key, this.#negatives.errorOf(entry))
      } else {
        this.#counts.redis.hits++
        this.#counts.loadedElsewhere(entry.receivedAt)
        found.set(key, entry)
      }
    }
    return { found, missing: keys.filter((key) => !found.has(key)) }
  }

  async #load(keys: readonly string[], source: Source<T>, previous: Answers<T>): Promise<Map<string, Outcome<T>>> {
    const values = new Map([...previous].map(([key, answer]) => [key, answer.value]))
    const startedAt = this.#now()
    this.#counts.loads++
    let results: ReadonlyMap<string, T | Error>
    try {
      results = await source.load(keys, values)
    } catch (error) {
      results = new Map(keys.map((key) => [key, asError(error)]))
    }
    const outcomes = new Map<string, Outcome<T>>()
    const stored = new Map<string, OrderedEntry>()
    const failures = new Map<string, Error>()
    for (const key of keys) {
      const result = results.get(key) ?? new Error(`the source said nothing about ${this.policy.prefix}${key}`)
      const entry = await this.#entryOf(result, previous.get(key))
      if (entry && !this.#isSuperseded(key, entry) && !this.#isSuperseded(key, entry, previous.get(key))) {
        this.memory.put(key, entry)
        stored.set(this.policy.prefix + key, this.#ordered(entry))
        outcomes.set(key, isNegative(entry) ? asError(result) : entry)
      } else failures.set(key, entry ? new SupersededLoad(result) : asError(result))
    }
    const failed = [...failures.keys()]
    this.#counts.loaded(stored.size, failed.length, this.#now())
    // Meanwhile another process may have had more luck.
    const held = failed.length > 0 ? await this.held(failed) : previous
    const behind = { source, startedAt, persisted: persistedBy(source, failed) }
    for (const [key, error] of failures) {
      const outcome = await this.#lastGood(key, error, held.get(key) ?? previous.get(key), behind)
      outcomes.set(key, outcome)
      const negative = outcome instanceof Error ? this.#negatives.negativeIn(error) : undefined
      if (!negative) continue
      this.memory.put(key, negative.entry)
      stored.set(this.policy.prefix + key, { entry: negative.entry })
    }
    const givenUp = failed.filter((key) => !stored.has(this.policy.prefix + key))
    await this.#redis.store(stored, this.#redisKeys(givenUp), this.#now())
    return outcomes
  }

  /** Whether a value is had that comes after this one: a stream or another process brought it. */
  #isSuperseded(key: string, entry: Entry<T>, held: Entry<T> | undefined = this.memory.peek(key)): boolean {
    const { order } = this.policy
    if (!order || !held || isNegative(entry) || isNegative(held)) return false
    return comesBefore(entry, held, order)
  }

  #ordered(entry: Entry<T>): OrderedEntry {
    return { entry, order: isNegative(entry) ? undefined : this.policy.order?.(entry.value) }
  }

  /** What to keep of a result. Nothing of a failure, nor of a "no such thing" about something that was just there. */
  #entryOf(result: T | Error, held: Answer<T> | undefined): Entry<T> | Promise<Entry<T>> | undefined {
    const now = this.#now()
    if (!(result instanceof Error)) return answerUnder(this.policy, result, freshnessOf(result, now, this.policy))
    const negative = this.#negatives.negativeIn(result)
    return negative?.isUnconfirmed || (held && held.staleUntil > now) ? undefined : negative?.entry
  }

  async #lastGood(
    key: string,
    error: Error,
    held: Answer<T> | undefined,
    { source, startedAt, persisted }: Behind<T>
  ): Promise<Outcome<T>> {
    if (held && held.freshUntil > this.#now() && !this.#staleIfError.has(held)) {
      if (held.receivedAt > startedAt || error instanceof SupersededLoad) return held
      // A renewal ahead of time failed: what is still fresh stays so for everybody else.
      return answerUnder(this.policy, this.policy.stale(held.value, error), held)
    }
    const stale = await this.#staleIfError.find(held, error, () => persisted(key))
    if (!stale) return error
    this.#counts.redis.staleHits++
    this.memory.put(key, stale)
    source.expired?.(key, stale.value)
    return stale
  }

  #entries(keys: readonly string[]): Promise<Map<string, Entry<T>>> {
    return heldEntries(keys, this.memory, (doubtful) => this.#redis.read<T>(this.#redisKeys(doubtful), this.policy), {
      now: this.#now(),
      order: this.policy.order
    })
  }

  #redisKeys(keys: readonly string[]): string[] {
    return keys.map((key) => this.policy.prefix + key)
  }
}
