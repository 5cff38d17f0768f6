import type { Redis } from 'ioredis'
import type { Logger } from 'pino'

const PROCESSES_KEY = 'quotewire:{interest}'
/** What a process that died wanted is forgotten after this. */
const LIFE_MS = 6000
const RENEW_EVERY_MS = 2000
/** Subscriptions come in bursts: what they want is told once for all of them. */
const TELL_AFTER_MS = 200

export type InterestOptions = {
  /** Shared by all processes. */
  redis: Redis
  log: Pick<Logger, 'warn'>
  /** Names this process among all. */
  processId: string
  /** What is subscribed to here now. */
  symbols: () => ReadonlySet<string>
  /** Told of each symbol that comes; what it returns is called when the symbol goes. */
  follow: (symbol: string) => () => void
}

/** Lets every process know which symbols are subscribed to in this one. */
export class Interest {
  readonly #options: InterestOptions
  readonly #key: string
  readonly #followed = new Map<string, () => void>()
  readonly #renewal: NodeJS.Timeout
  #timer: NodeJS.Timeout | undefined
  #telling: Promise<void> = Promise.resolve()
  #isAway = false

  constructor(options: InterestOptions) {
    this.#options = options
    this.#key = keyOf(options.processId)
    this.#renewal = setInterval(() => this.#tell(), RENEW_EVERY_MS)
  }

  /** Something may have changed. */
  changed(): void {
    this.#timer ??= setTimeout(() => this.#tell(), TELL_AFTER_MS)
  }

  /** Nothing is wanted here any more. */
  async close(): Promise<void> {
    clearInterval(this.#renewal)
    clearTimeout(this.#timer)
    await this.#telling
    for (const release of this.#followed.values()) release()
    this.#followed.clear()
    const { redis, processId } = this.#options
    await redis
      .multi()
      .del(this.#key)
      .zrem(PROCESSES_KEY, processId)
      .exec()
      .catch(() => undefined) // then it expires
  }

  #tell(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#telling = this.#telling.then(() => this.#write())
  }

  async #write(): Promise<void> {
    const { redis, log, processId, symbols } = this.#options
    const wanted = symbols()
    this.#followAll(wanted)
    const now = Date.now()
    const transaction = redis.multi().del(this.#key)
    if (wanted.size > 0) transaction.sadd(this.#key, ...wanted).pexpire(this.#key, LIFE_MS)
    transaction.zadd(PROCESSES_KEY, now + LIFE_MS, processId).zremrangebyscore(PROCESSES_KEY, '-inf', now)
    try {
      await transaction.exec()
      this.#isAway = false
    } catch (err) {
      if (!this.#isAway) log.warn({ err }, 'other processes do not learn what is subscribed to until Redis is back')
      this.#isAway = true
    }
  }

  #followAll(wanted: ReadonlySet<string>): void {
    for (const symbol of wanted) {
      if (!this.#followed.has(symbol)) this.#followed.set(symbol, this.#options.follow(symbol))
    }
    for (const [symbol, release] of this.#followed) {
      if (wanted.has(symbol)) continue
      release()
      this.#followed.delete(symbol)
    }
  }
}

/** Every symbol that is subscribed to in any living process. Rejects while Redis is away. */
export async function subscribedSymbols(redis: Redis, now: number = Date.now()): Promise<string[]> {
  const processes = await redis.zrangebyscore(PROCESSES_KEY, now, '+inf')
  return processes.length === 0 ? [] : redis.sunion(...processes.map(keyOf))
}

/** The tag in braces keeps all keys on one node of a Redis Cluster, for they are read in one command. */
const keyOf = (processId: string) => `${PROCESSES_KEY}:${processId}`
