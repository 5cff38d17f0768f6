import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { ApiError, NotAuthenticated } from '../errors.ts'
import type { Presented } from './credential.ts'

const SECRET_BYTES = 32
const CIPHER = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16
const RETRY_AFTER_SECONDS = 5

/** What tickets are for: those that open one live connection, and those that sign a browser in. */
export type TicketKind = { readonly prefix: string; readonly name: string; readonly lifeSeconds: number }
export const LIVE_TICKET: TicketKind = { prefix: 'qt_', name: 'ticket', lifeSeconds: 30 }
export const SIGN_IN_CODE: TicketKind = { prefix: 'qs_', name: 'sign-in code', lifeSeconds: 600 }

export const isTicket = (text: string): boolean => text.startsWith(LIVE_TICKET.prefix)

/**
 * One-time tickets, each of which stands for a credential for a short time: what may be written into an address, where an
 * API key or a token may not. Redis holds them for all processes, encrypted by the ticket itself, which it never sees.
 */
export class Tickets {
  readonly #redis: Redis
  readonly #kind: TicketKind

  constructor(redis: Redis, kind: TicketKind) {
    this.#redis = redis
    this.#kind = kind
  }

  /** Rejects with STORE_UNAVAILABLE where Redis is away. */
  async issue(credential: Presented): Promise<{ ticket: string; expiresAt: Date }> {
    const { prefix, lifeSeconds } = this.#kind
    const ticket = prefix + randomBytes(SECRET_BYTES).toString('base64url')
    const expiresAt = new Date(Date.now() + lifeSeconds * 1000)
    const held = sealed(JSON.stringify(credential), ticket)
    await this.#ask(() => this.#redis.set(nameOf(ticket), held, 'EX', lifeSeconds))
    return { ticket, expiresAt }
  }

  /**
   * The credential that a ticket stands for; the ticket is used up by it. Rejects with NotAuthenticated, and with
   * STORE_UNAVAILABLE where Redis is away.
   */
  redeem(ticket: string): Promise<Presented> {
    return this.#read(ticket, (name) => this.#redis.getdel(name))
  }

  /** The same; the ticket stays what it was. */
  look(ticket: string): Promise<Presented> {
    return this.#read(ticket, (name) => this.#redis.get(name))
  }

  async #read(ticket: string, read: (name: string) => Promise<string | null>): Promise<Presented> {
    const { prefix, name, lifeSeconds } = this.#kind
    const held = ticket.startsWith(prefix) ? await this.#ask(() => read(nameOf(ticket))) : null
    if (held === null) {
      throw new NotAuthenticated('ticket', `The ${name} is unknown, was used, or is older than ${lifeSeconds} seconds`)
    }
    return JSON.parse(opened(held, ticket)) as Presented
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
