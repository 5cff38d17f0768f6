import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { ApiError } from '../errors.ts'
import { DAY_MS } from '../market/time.ts'
import { subscriberBeside } from '../redis/connections.ts'
import type { Principal } from './principal.ts'

const CHANNEL = 'auth:revoked'
const HISTORY_KEY = 'auth:revoked'
/** The longest life a token can be given; after it a revocation has nothing left to revoke. */
const RETENTION_MS = DAY_MS
const RETRY_MS = 1000

export type RevocationSubject = `key:${string}` | `user:${string}` | `token:${string}`

type Subject = Pick<Principal, 'keyId' | 'tokenId' | 'userId' | 'issuedAt'>

export type RevocationOptions = {
  redis: Redis
  log: Pick<Logger, 'warn'>
  /** Called for every revocation, made here or in another process. */
  onRevoked: (subject: RevocationSubject) => void
  now?: () => number
}

/**
 * Which tokens, keys and users lost their running tokens, and since when. Every process hears of a revocation at once
 * (publish); one that starts later, or whose subscription broke, reads what it missed from a sorted set.
 */
export class Revocations {
  readonly #redis: Redis
  readonly #subscriber: Redis
  readonly #log: Pick<Logger, 'warn'>
  readonly #listeners: ((subject: RevocationSubject) => void)[]
  readonly #now: () => number
  readonly #since = new Map<string, number>()
  #retry: NodeJS.Timeout | undefined
  #isDeaf = false

  constructor({ redis, log, onRevoked, now = Date.now }: RevocationOptions) {
    this.#redis = redis
    this.#subscriber = subscriberBeside(redis)
    this.#log = log
    this.#listeners = [onRevoked]
    this.#now = now
    this.#subscriber.on('message', (_channel, message) => this.#hear(message))
    this.#subscriber.on('ready', () => void this.#listen())
  }

  /** Resolves when revocations are heard. A Redis that is away does not stop the start: it is caught up on later. */
  async start(): Promise<void> {
    try {
      await this.#subscriber.connect()
    } catch (error) {
      this.#log.warn({ err: error }, 'revocations made elsewhere are not heard until Redis is back')
      return
    }
    await this.#listen()
  }

  /**
   * Ends a token, or all running tokens of a key or a user, in every process. A user's tokens issued afterwards are not concerned.
   * Rejects with REVOCATION_NOT_SPREAD where Redis is away: then only this process obeys until it is repeated.
   */
  async revoke(subject: RevocationSubject): Promise<void> {
    const at = this.#now()
    const message = `${at} ${subject}`
    this.#hear(message)
    try {
      await this.#redis
        .multi()
        .zadd(HISTORY_KEY, at, subject)
        .zremrangebyscore(HISTORY_KEY, '-inf', at - RETENTION_MS)
        .pexpire(HISTORY_KEY, RETENTION_MS)
        .publish(CHANNEL, message)
        .exec()
    } catch (cause) {
      throw new ApiError(
        'REVOCATION_NOT_SPREAD',
        503,
        'No new token can be had, but running tokens could not be ended everywhere: repeat the request',
        { retryAfterSeconds: 5, cause }
      )
    }
  }

  /** Tells somebody more of every revocation. */
  listen(listener: (subject: RevocationSubject) => void): void {
    this.#listeners.push(listener)
  }

  isRevoked({ keyId, tokenId, userId, issuedAt }: Subject): boolean {
    // For good, whatever the clock said that dated the token.
    if (this.#since.has(`key:${keyId}`) || this.#since.has(`token:${tokenId}`)) return true
    return issuedAt <= (this.#since.get(`user:${userId}`) ?? 0)
  }

  async close(): Promise<void> {
    clearTimeout(this.#retry)
    this.#subscriber.disconnect()
    this.#since.clear()
  }

  #hear(message: string): void {
    const [at, subject] = message.split(' ')
    if (subject !== undefined) this.#record(subject as RevocationSubject, Number(at))
  }

  #record(subject: RevocationSubject, at: number): void {
    if ((this.#since.get(subject) ?? 0) >= at) return
    this.#since.set(subject, at)
    const expired = this.#now() - RETENTION_MS
    for (const [each, since] of this.#since) if (since < expired) this.#since.delete(each)
    for (const listener of this.#listeners) listener(subject)
  }

  /**
   * Subscribes before it reads what it missed, so that nothing falls between the two. What it could not read it asks for
   * again: until then tokens would pass that are revoked.
   */
  async #listen(): Promise<void> {
    clearTimeout(this.#retry)
    try {
      await this.#subscriber.subscribe(CHANNEL)
      const missed = await this.#redis.zrangebyscore(HISTORY_KEY, this.#now() - RETENTION_MS, '+inf', 'WITHSCORES')
      for (let index = 0; index + 1 < missed.length; index += 2) {
        this.#record(missed[index] as RevocationSubject, Number(missed[index + 1]))
      }
      this.#isDeaf = false
    } catch (error) {
      if (!this.#isDeaf) this.#log.warn({ err: error }, 'revocations made elsewhere could not be read; they will be')
      this.#isDeaf = true
      if (this.#subscriber.status === 'ready') this.#retry = setTimeout(() => void this.#listen(), RETRY_MS)
    }
  }
}
