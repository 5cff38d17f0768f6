import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Asker, MarketData } from '../market/market-data.ts'
import { DAY_MS, HOUR_MS } from '../market/time.ts'

const SETTLE_MS = 2000
/** Of more symbols than this between two settlements, the later ones are not counted. */
const MAX_PENDING_SYMBOLS = 20_000
const MAX_SYMBOLS_PER_BUCKET = 10_000

/** Popularity is counted in buckets of time, and each older bucket weighs less: after a day, half. */
const BUCKET_MS = 6 * HOUR_MS
const BUCKETS = 28
const WEIGHT_PER_BUCKET = 0.5 ** (BUCKET_MS / DAY_MS)
/** A symbol that is followed here weighs as much as a request in each of these. */
const SUBSCRIPTION_MS = 10_000

export type PopularityOptions = {
  /** Shared by all processes; may be away, then counts are kept until it is back. */
  redis: Redis
  log: Pick<Logger, 'warn' | 'info'>
  now?: () => number
  /** Whether a symbol that somebody follows was ever quoted; all of them where it is not given. */
  exists?: (symbol: string) => boolean
}

/**
 * Which symbols are wanted how much, by all API processes together. Counting happens in memory, for it stands in the way
 * of every request, and is settled in Redis every other second.
 */
export class Popularity {
  readonly #redis: Redis
  readonly #log: PopularityOptions['log']
  readonly #now: () => number
  readonly #exists: (symbol: string) => boolean
  readonly #followed: (() => Iterable<string>)[] = []
  readonly #timer: NodeJS.Timeout
  #counts = new Map<string, { weight: number }>()
  #isAway = false

  constructor({ redis, log, now = Date.now, exists = () => true }: PopularityOptions) {
    this.#redis = redis
    this.#log = log
    this.#now = now
    this.#exists = exists
    this.#timer = setInterval(() => void this.settle(), SETTLE_MS).unref()
  }

  /** Counts one request for a symbol that exists. */
  note(symbol: string, weight = 1): void {
    const counted = this.#counts.get(symbol)
    if (counted) counted.weight += weight
    else if (this.#counts.size < MAX_PENDING_SYMBOLS) this.#counts.set(symbol, { weight })
  }

  /** From now on what is followed at each settlement counts too; what does not exist is wanted by nobody. */
  countFollowed(followed: () => Iterable<string>): void {
    this.#followed.push(followed)
  }

  /** Adds what was counted to what all processes know. Never rejects: what Redis does not take is kept. */
  async settle(): Promise<void> {
    for (const symbol of this.#followed.flatMap((followed) => [...followed()])) {
      if (this.#exists(symbol)) this.note(symbol, SETTLE_MS / SUBSCRIPTION_MS)
    }
    const counts = this.#counts
    if (counts.size === 0) return
    this.#counts = new Map()
    const key = bucketKey(this.#bucket())
    const pipeline = this.#redis.pipeline()
    for (const [symbol, { weight }] of counts) pipeline.zincrby(key, weight, symbol)
    pipeline.zremrangebyrank(key, 0, -MAX_SYMBOLS_PER_BUCKET - 1)
    pipeline.pexpire(key, BUCKETS * BUCKET_MS)
    try {
      const replies = await pipeline.exec()
      const failed = replies?.find(([error]) => error)
      if (failed) throw failed[0]!
      if (this.#isAway) this.#log.info('what is popular is shared again')
      this.#isAway = false
    } catch (err) {
      if (!this.#isAway) this.#log.warn({ err }, 'what is popular cannot be shared; it is kept until Redis is back')
      this.#isAway = true
      for (const [symbol, { weight }] of counts) this.note(symbol, weight)
    }
  }

  /** The symbols wanted most, in that order, with their weight. Rejects while Redis is away. */
  async top(limit: number): Promise<{ symbol: string; weight: number }[]> {
    const newest = this.#bucket()
    const keys = Array.from({ length: BUCKETS }, (_, age) => bucketKey(newest - age))
    const weights = keys.map((_, age) => WEIGHT_PER_BUCKET ** age)
    const reply = await this.#redis.zunion(keys.length, ...keys, 'WEIGHTS', ...weights, 'WITHSCORES')
    const ascending: { symbol: string; weight: number }[] = []
    for (let at = 0; at < reply.length; at += 2) {
      ascending.push({ symbol: reply[at]!, weight: Number(reply[at + 1]) })
    }
    return ascending.slice(-limit).toReversed()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.settle()
  }

  #bucket(): number {
    return Math.floor(this.#now() / BUCKET_MS)
  }
}

const bucketKey = (bucket: number) => `quotewire:demand:${bucket}`

/** The market, counting which quotes people get. What background work asks for is no demand. */
export function countingRequests(marketData: MarketData, popularity: Pick<Popularity, 'note'>): MarketData {
  const isAskedByPeople = (asker: Asker | undefined) => asker !== 'background'
  return {
    ...marketData,
    freshQuote(symbol) {
      const answer = marketData.freshQuote(symbol)
      if (answer) popularity.note(symbol)
      return answer
    },
    countServed(symbols, times) {
      marketData.countServed(symbols, times)
      for (const symbol of symbols) popularity.note(symbol, times)
    },
    async quote(symbol, asker) {
      const answer = await marketData.quote(symbol, asker)
      if (isAskedByPeople(asker)) popularity.note(symbol)
      return answer
    },
    async quotes(symbols, asker) {
      const answers = await marketData.quotes(symbols, asker)
      if (isAskedByPeople(asker)) {
        for (const [index, answer] of answers.entries())
          if (!(answer instanceof Error)) popularity.note(symbols[index]!)
      }
      return answers
    }
  }
}
