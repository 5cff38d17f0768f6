import { LRUCache } from 'lru-cache'
import { ApiError, NotAuthenticated } from '../errors.ts'
import type { Principal, Scope } from './principal.ts'
import type { Bucket } from './rate-limiter.ts'

/** Credentials remembered; the one verified longest ago makes room. */
const MAX_TOKENS = 20_000
/** A token is verified again after so long: its issuer may have withdrawn the key that signed it. */
const TOKEN_RECHECK_MS = 5 * 60_000
/** An API key is looked up again after so long: its user may have another plan, or be gone without a word. */
const KEY_RECHECK_MS = 60_000
/** A key that cannot be looked up again counts for so long before the next attempt. */
const KEY_RETRY_MS = 5000
/**
 * Credentials are told apart by their end, the signature of a token, which is shorter to hash than the whole; 43
 * characters are the 256 bits of HS256, and of an API key. What was found must still be equal as a whole.
 */
const END_LENGTH = 43
const REVOKED = 'The key, its user or this token was revoked'

/** The Authorization header that carries a credential. */
export const headerOf = (credential: string): string => `Bearer ${credential}`

/** Whether verifying it again is looking a key up, which does not always succeed. */
const isLookedUp = ({ credential }: Principal): boolean => credential === 'key' || credential === 'session'

const endOf = (header: string): string => header.slice(-END_LENGTH)

/** A verified credential: whom it speaks for, what that user may still spend, and until when that is known. */
export type VerifiedToken = {
  /** The Authorization header that carries it. */
  readonly header: string
  readonly principal: Principal
  readonly bucket: Bucket
  readonly scopes: ReadonlySet<Scope>
  /** Epoch milliseconds. */
  readonly knownUntil: number
}

export type VerifiedTokensOptions = {
  /** `address` is where the credential came from. */
  verify: (credential: string, address: string) => Promise<Principal>
  isRevoked: (principal: Principal) => boolean
  bucketOf: (principal: Principal) => Promise<Bucket>
}

/**
 * Verifies each API key and each token now and then and remembers it, so that most requests cost one look-up in memory.
 * While a key cannot be looked up again (Postgres is away), what was known of it stays good.
 */
export class VerifiedTokens {
  readonly #options: VerifiedTokensOptions
  readonly #byEnd = new LRUCache<string, VerifiedToken>({ max: MAX_TOKENS })
  /** What is being verified: whoever comes with the same credential meanwhile waits for the same answer. */
  readonly #opening = new Map<string, Promise<VerifiedToken>>()

  constructor(options: VerifiedTokensOptions) {
    this.#options = options
  }

  /** What an Authorization header was verified to be, whose credential was seen before, unless it needs a new check. */
  known(header: string, now: number): VerifiedToken | undefined {
    const verified = this.#byEnd.peek(endOf(header))
    return verified?.header === header && verified.knownUntil > now ? verified : undefined
  }

  /** Rejects with NotAuthenticated, with RATE_LIMITED after too many wrong keys, or where it cannot be told now (503). */
  async open(credential: string, address: string): Promise<VerifiedToken> {
    const known = this.known(headerOf(credential), Date.now())
    if (known) return known
    const running = this.#opening.get(credential)
    if (running) return running
    const opening = this.#verify(credential, address)
    this.#opening.set(credential, opening)
    try {
      return await opening
    } finally {
      this.#opening.delete(credential)
    }
  }

  /** Forgets the verified tokens that a revocation concerns. */
  forget(concerned: (principal: Principal) => boolean): void {
    const forgotten = [...this.#byEnd].filter(([, { principal }]) => concerned(principal))
    for (const [end] of forgotten) this.#byEnd.delete(end)
  }

  async #verify(credential: string, address: string): Promise<VerifiedToken> {
    const { verify, isRevoked, bucketOf } = this.#options
    try {
      const principal = await verify(credential, address)
      const bucket = await bucketOf(principal)
      if (isRevoked(principal)) throw new NotAuthenticated('revoked', REVOKED)
      const now = Date.now()
      // Not all at the same moment, although all of a process's clients may have come at the same moment.
      const recheckMs = (isLookedUp(principal) ? KEY_RECHECK_MS : TOKEN_RECHECK_MS) * (1 - Math.random() / 6)
      const knownUntil = Math.min(principal.expiresAt, now + recheckMs)
      return this.#remember({
        header: headerOf(credential),
        principal,
        bucket,
        scopes: new Set(principal.scopes),
        knownUntil
      })
    } catch (error) {
      const now = Date.now()
      const known = this.#lastKnown(credential)
      const isPassing = error instanceof ApiError && error.statusCode === 503
      if (isPassing && known && isLookedUp(known.principal) && known.principal.expiresAt > now) {
        return this.#remember({ ...known, knownUntil: Math.min(known.principal.expiresAt, now + KEY_RETRY_MS) })
      }
      if (known) this.#byEnd.delete(endOf(known.header))
      throw error
    }
  }

  #lastKnown(credential: string): VerifiedToken | undefined {
    const header = headerOf(credential)
    const verified = this.#byEnd.peek(endOf(header))
    return verified?.header === header ? verified : undefined
  }

  #remember(verified: VerifiedToken): VerifiedToken {
    this.#byEnd.set(endOf(verified.header), verified)
    return verified
  }
}
