import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { ApiError, NotAuthenticated } from '../errors.ts'

const PREFIX = 'qt_'
const SECRET_BYTES = 32
const LIFE_SECONDS = 30
const CIPHER = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16
const RETRY_AFTER_SECONDS = 5

export const isTicket = (text: string): boolean => text.startsWith(PREFIX)

/**
 * One-time tickets, each of which stands for a credential for 30 seconds: what may be written into an address, where an API
 * key or a token may not. Redis holds them for all processes, encrypted by the ticket itself, which it never sees.
 */
export class Tickets {
  readonly #redis: Redis

  constructor(redis: Redis) {
    this.#redis = redis
  }

  /** Rejects with STORE_UNAVAILABLE where Redis is away. */
  async issue(credential: string): Promise<{ ticket: string; expiresAt: Date }> {
    const ticket = PREFIX + randomBytes(SECRET_BYTES).toString('base64url')
    const expiresAt = new Date(Date.now() + LIFE_SECONDS * 1000)
    await this.#ask(() => this.#redis.set(nameOf(ticket), sealed(credential, ticket), 'EX', LIFE_SECONDS))
    return { ticket, expiresAt }
  }

  /**
   * The credential that a ticket stands for; the ticket is used up by it. Rejects with NotAuthenticated, and with
   * STORE_UNAVAILABLE where Redis is away.
   */
  async redeem(ticket: string): Promise<string> {
    const held = await this.#ask(() => this.#redis.getdel(nameOf(ticket)))
    if (held === null) {
      throw new NotAuthenticated('ticket', `The ticket is unknown, was used, or is older than ${LIFE_SECONDS} seconds`)
    }
    return opened(held, ticket)
  }

  async #ask<T>(command: () => Promise<T>): Promise<T> {
    try {
      return await command()
    } catch (cause) {
      throw new ApiError('STORE_UNAVAILABLE', 503, 'Tickets cannot be had or used now', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
        cause
      })
    }
  }
}

const digestOf = (purpose: string, ticket: string) => createHash('sha256').update(`${purpose}:${ticket}`).digest()
const nameOf = (ticket: string) => `auth:ticket:${digestOf('name', ticket).toString('hex')}`

function sealed(credential: string, ticket: string): string {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv(CIPHER, digestOf('key', ticket), iv)
  const text = Buffer.concat([cipher.update(credential, 'utf8'), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64')
}

function opened(held: string, ticket: string): string {
  const bytes = Buffer.from(held, 'base64')
  const decipher = createDecipheriv(CIPHER, digestOf('key', ticket), bytes.subarray(0, IV_BYTES))
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8')
}
