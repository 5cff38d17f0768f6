import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { CountedBag } from './bag.ts'

const PROCESSES_KEY = 'quotewire:followed'
/** What is followed in a process that died is forgotten after this. */
const LIFE_MS = 6000
const RENEW_EVERY_MS = 2000
/** Subscriptions come in bursts: what they change is told once for all of them. */
const TELL_AFTER_MS = 200
/** Of one user in one process no more symbols are told: no schedule could renew more. */
const MAX_SYMBOLS_PER_USER = 10_000

export type InterestOptions = {
  /** Shared by all processes. */
  redis: Redis
  log: Pick<Logger, 'warn'>
  /** Names this process among all. */
  processId: string
  /** Told of each symbol that the first user here follows; what it returns is called when the last one no longer does. */
  follow: (symbol: string) => () => void
}

/** What the users of one process follow, told to all processes: what changes at once, and every other second that it lasts. */
export class Interest {
  readonly #options: InterestOptions
  readonly #key: string
  /** By user: each symbol, as often as subscriptions of the user need it. */
  readonly #byUser = new Map<string, CountedBag<string>>()
  readonly #followers = new Map<string, { users: number; release: () => void }>()
  /** Users of whom the other processes do not know what they follow now. */
  #untold = new Set<string>()
  readonly #renewal: NodeJS.Timeout
  #timer: NodeJS.Timeout | undefined
  #telling: Promise<void> = Promise.resolve()
  #isAway = false
  #isClosed = false

  constructor(options: InterestOptions) {
    this.#options = options
    this.#key = keyOf(options.processId)
    this.#renewal = setInterval(() => this.#tell(), RENEW_EVERY_MS)
  }

  /** Adds one subscription of a user for each of the symbols. */
  follow(userId: string, symbols: Iterable<string>): void {
    const held = this.#byUser.get(userId) ?? new CountedBag<string>()
    this.#byUser.set(userId, held)
    for (const symbol of symbols) if (held.add(symbol)) this.#begin(symbol)
    this.#changed(userId, held)
  }

  /** Takes one subscription of a user for each of the symbols away. */
  unfollow(userId: string, symbols: Iterable<string>): void {
    const held = this.#byUser.get(userId)
    if (!held) return
    for (const symbol of symbols) if (held.delete(symbol)) this.#end(symbol)
    this.#changed(userId, held)
  }

  /** The users of this process who follow any of the symbols. */
  followersOf(symbols: readonly string[]): Set<string> {
    const users = [...this.#byUser].filter(([, held]) => symbols.some((symbol) => held.has(symbol)))
    return new Set(users.map(([userId]) => userId))
  }

  /** Nothing is followed here any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#renewal)
    clearTimeout(this.#timer)
    await this.#telling
    for (const { release } of this.#followers.values()) release()
    this.#followers.clear()
    this.#byUser.clear()
    const { redis, processId } = this.#options
    await redis
      .multi()
      .del(this.#key)
      .zrem(PROCESSES_KEY, processId)
      .exec()
      .catch(() => undefined) // then it expires
  }

  #begin(symbol: string): void {
    const known = this.#followers.get(symbol)
    if (known) known.users++
    else this.#followers.set(symbol, { users: 1, release: this.#options.follow(symbol) })
  }

  #end(symbol: string): void {
    const known = this.#followers.get(symbol)!
    if (--known.users > 0) return
    this.#followers.delete(symbol)
    known.release()
  }

  #changed(userId: string, held: CountedBag<string>): void {
    if (held.size === 0) this.#byUser.delete(userId)
    if (this.#isClosed) return
    this.#untold.add(userId)
    this.#timer ??= setTimeout(() => this.#tell(), TELL_AFTER_MS)
  }

  #tell(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#telling = this.#telling.then(() => this.#write())
  }

  /** Never rejects: what Redis did not take is told again with the next renewal. */
  async #write(): Promise<void> {
    const { log } = this.#options
    const untold = this.#untold
    this.#untold = new Set()
    try {
      const isKept = await this.#writeUsers(untold)
      if (!isKept) for (const userId of this.#byUser.keys()) this.#untold.add(userId)
      this.#isAway = false
    } catch (err) {
      for (const userId of untold) this.#untold.add(userId)
      if (!this.#isAway) log.warn({ err }, 'other processes do not learn what is subscribed to until Redis is back')
      this.#isAway = true
    }
  }

  /** False where Redis lost what it was told before. */
  async #writeUsers(userIds: ReadonlySet<string>): Promise<boolean> {
    const { redis, processId } = this.#options
    const now = await redisNow(redis)
    const commands = redis.pipeline()
    for (const userId of userIds) {
      const held = this.#byUser.get(userId)
      if (held) commands.hset(this.#key, userId, JSON.stringify(held.items.slice(0, MAX_SYMBOLS_PER_USER)))
      else commands.hdel(this.#key, userId)
    }
    commands.zadd(PROCESSES_KEY, now + LIFE_MS, processId).zremrangebyscore(PROCESSES_KEY, '-inf', now)
    commands.hlen(this.#key).pexpire(this.#key, LIFE_MS)
    const replies = (await commands.exec())!
    const failed = replies.find(([error]) => error)
    if (failed) throw failed[0]!
    return replies.at(-2)![1] === this.#byUser.size
  }
}

/** What each user follows in any living process. Rejects while Redis is away. */
export async function followedByUser(redis: Redis): Promise<Map<string, Set<string>>> {
  const processes = await redis.zrangebyscore(PROCESSES_KEY, await redisNow(redis), '+inf')
  const followed = new Map<string, Set<string>>()
  for (const held of await Promise.all(processes.map((processId) => redis.hgetall(keyOf(processId))))) {
    for (const [userId, symbols] of Object.entries(held)) {
      const all = followed.get(userId) ?? new Set()
      for (const symbol of JSON.parse(symbols) as string[]) all.add(symbol)
      followed.set(userId, all)
    }
  }
  return followed
}

const keyOf = (processId: string) => `${PROCESSES_KEY}:${processId}`

/** Redis' own clock in epoch ms: those of the processes' machines may differ. */
async function redisNow(redis: Redis): Promise<number> {
  const [seconds, microseconds] = await redis.time()
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000)
}
