import { join } from 'node:path'
import type { Redis, Result } from 'ioredis'
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import { ApiError } from '../errors.ts'
import { MINUTE_MS } from '../market/time.ts'
import { defineScript } from '../redis/script.ts'
import { withTimeout } from '../timeout.ts'
import { TokenBucket } from '../token-bucket.ts'

const SETTLE_EVERY_MS = 250
const FIRST_SETTLEMENT_TIMEOUT_MS = 100
/** Users (or addresses) known to this process; the one asked for longest ago makes room. */
const MAX_BUCKETS = 100_000

/**
 * Of what is left for everybody a process spends so much before it must hear what the others spent. So many processes can
 * spend at the same moment without overspending; more of them make a debt.
 */
const SHARE = 1 / 32
/** A greater debt, in minutes' worth of requests, is not paid back. */
const MAX_DEBT_MINUTES = 10

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** See settle-bucket-1.lua. */
    settleBucket(key: string, limit: number, spent: number, refillMs: number, maxDebt: number): Result<string, Context>
  }
}

/** What one user may still spend, as this process knows it; a full one holds a minute's requests. */
export class Bucket {
  readonly key: string
  readonly limit: number
  readonly #bucket: TokenBucket
  /** What no settlement has taken along yet. */
  #unsettled = 0
  /** With what settlements under way took along. */
  #unheard = 0
  /** What may be unheard before the others must be heard. */
  #allowance = Infinity
  readonly #onSpent: (bucket: Bucket) => void

  constructor(key: string, limit: number, now: number, onSpent: (bucket: Bucket) => void) {
    this.key = key
    this.limit = limit
    this.#bucket = new TokenBucket({ capacity: limit, refillMs: MINUTE_MS }, limit, now)
    this.#onSpent = onSpent
  }

  /** Takes so many requests' worth; false, and nothing is taken, where that much is not left. */
  spend(now: number, requests = 1): boolean {
    if (!this.#bucket.take(now, requests)) return false
    if (this.#unheard <= 0) this.#allowance = Math.max(1, (this.#bucket.tokens + requests) * SHARE)
    if (this.#unsettled === 0) this.#onSpent(this)
    this.#unsettled += requests
    this.#unheard += requests
    return true
  }

  /** Whether so much was spent here that what others spent must be heard before more is. */
  get isAhead(): boolean {
    return this.#unheard >= this.#allowance
  }

  /** Takes back what was spent on something that turned out to cost nothing. */
  giveBack(requests: number): void {
    this.#bucket.giveBack(requests)
    if (this.#unsettled === 0) this.#onSpent(this)
    this.#unsettled -= requests
    this.#unheard -= requests
  }

  get remaining(): number {
    return Math.max(0, Math.floor(this.#bucket.tokens))
  }

  /** Until the bucket is full again. */
  get resetSeconds(): number {
    return Math.ceil(this.#bucket.msUntil(this.limit) / 1000)
  }

  /** Until there is enough for so many requests. */
  retryAfterSeconds(requests = 1): number {
    return Math.max(1, Math.ceil(this.#bucket.msUntil(requests) / 1000))
  }

  /** What was spent since the last call; from here on it is the caller's to settle. */
  takeUnsettled(): number {
    const spent = this.#unsettled
    this.#unsettled = 0
    return spent
  }

  /**
   * Puts a settlement that failed back, to be settled later: as far as it was not refilled meanwhile, for an outage must not
   * become a debt of those who stayed within their limit. Until then the process limits by itself.
   */
  putBack(spent: number, now: number): void {
    this.#bucket.refill(now)
    this.#unsettled = this.#unheard = Math.min(this.#unsettled + spent, this.limit - this.#bucket.tokens)
    this.#allowance = Infinity
  }

  /** Learns what is left for everybody once `spent` was settled. Spending since `takeUnsettled` is not in it yet. */
  learn(sharedTokens: number, spent: number, now: number): void {
    this.#unheard -= spent
    this.#bucket.reset(sharedTokens - this.#unsettled, now)
  }
}

export type RateLimiterOptions = { redis: Redis; log: Pick<Logger, 'warn'>; now?: () => number }

/**
 * Limits shared by all processes without asking Redis in the way of a request: each process spends from its own copy
 * of a bucket and settles with the shared one behind the scenes, every SETTLE_EVERY_MS or when it spent its share of what is
 * left. Who uses `spend` waits for that settlement, which a user far from the limit never does. What is overspent all the
 * same (by processes beyond 1 / SHARE, or by live clients, which do not wait) is paid back. Without Redis each process
 * limits by itself.
 */
export class RateLimiter {
  readonly #redis: Redis
  readonly #log: Pick<Logger, 'warn'>
  readonly #now: () => number
  readonly #buckets = new LRUCache<string, Bucket>({ max: MAX_BUCKETS })
  readonly #unsettled = new Set<Bucket>()
  /** Requests in work that wait for a settlement, by their bucket. */
  readonly #waiting = new Map<Bucket, ((isPaid: boolean) => void)[]>()
  #timer: NodeJS.Timeout | undefined
  #settledAt = 0
  #away = false

  constructor({ redis, log, now = Date.now }: RateLimiterOptions) {
    this.#redis = redis
    defineScript(redis, join(import.meta.dirname, 'settle-bucket-1.lua'))
    this.#log = log
    this.#now = now
  }

  /** The bucket of a user or an address; at first sight it is filled with what other processes left of it. */
  async bucket(key: string, limit: number): Promise<Bucket> {
    const known = this.#buckets.get(key)
    if (known?.limit === limit) return known
    const bucket = new Bucket(key, limit, this.#now(), this.#noteSpending)
    this.#buckets.set(key, bucket)
    await withTimeout(this.#settle(bucket), FIRST_SETTLEMENT_TIMEOUT_MS, () => undefined)
    return bucket
  }

  /** Takes a request's worth as `bucket.spend` does, after hearing what others spent where the bucket is ahead. */
  async spend(bucket: Bucket): Promise<boolean> {
    if (!bucket.isAhead) return bucket.spend(this.#now())
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const waiting = this.#waiting.get(bucket)
    if (waiting) {
      waiting.push(resolve)
    } else {
      const first = [resolve]
      this.#waiting.set(bucket, first)
      void this.#serve(bucket, first)
    }
    return promise
  }

  /** Settles everything now. */
  async settle(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#settledAt = this.#now()
    const due = [...this.#unsettled]
    this.#unsettled.clear()
    await Promise.all(due.map((bucket) => this.#settle(bucket)))
  }

  async close(): Promise<void> {
    await this.settle()
    clearTimeout(this.#timer)
    this.#buckets.clear()
  }

  readonly #noteSpending = (bucket: Bucket): void => {
    this.#unsettled.add(bucket)
    if (this.#timer !== undefined) return
    const waitMs = Math.max(0, this.#settledAt + SETTLE_EVERY_MS - this.#now())
    this.#timer = setTimeout(() => void this.settle(), waitMs)
  }

  /** Settles as often as it takes to tell all who wait whether they could spend. */
  async #serve(bucket: Bucket, waiting: ((isPaid: boolean) => void)[]): Promise<void> {
    while (waiting.length > 0) {
      await this.#settle(bucket)
      while (waiting.length > 0 && !bucket.isAhead) waiting.shift()!(bucket.spend(this.#now()))
    }
    this.#waiting.delete(bucket)
  }

  async #settle(bucket: Bucket): Promise<void> {
    const spent = bucket.takeUnsettled()
    try {
      const key = `limit:${bucket.key}`
      const left = await this.#redis.settleBucket(key, bucket.limit, spent, MINUTE_MS, MAX_DEBT_MINUTES)
      bucket.learn(Number(left), spent, this.#now())
      this.#away = false
    } catch (error) {
      bucket.putBack(spent, this.#now())
      if (spent > 0) this.#noteSpending(bucket)
      if (!this.#away) this.#log.warn({ err: error }, 'rate limits are kept per process until Redis is back')
      this.#away = true
    }
  }
}

/** `requests`: what could not be taken from the bucket, which holds `what` of a minute. */
export function tooManyRequests(bucket: Bucket, requests = 1, what = 'requests'): ApiError {
  const retryAfterSeconds = bucket.retryAfterSeconds(requests)
  return new ApiError('RATE_LIMITED', 429, `More than ${bucket.limit} ${what} in a minute`, {
    details: { limitPerMinute: bucket.limit, retryAfterSeconds },
    retryAfterSeconds
  })
}
