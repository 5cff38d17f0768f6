import { notAuthenticated } from '../errors.ts'
import type { Principal, Scope } from './principal.ts'
import type { Bucket } from './rate-limiter.ts'

/** Authorization headers remembered; the oldest makes room. */
const MAX_SESSIONS = 20_000
/** A token is verified again after so long: its issuer may have withdrawn the key that signed it. */
const RECHECK_MS = 5 * 60_000
/**
 * Headers are told apart by their end, the signature, which is shorter to hash than the whole; 43 characters are the 256
 * bits of HS256. What was found must still be equal as a whole.
 */
const KEY_LENGTH = 43
const BEARER = /^Bearer ([\w-]+\.[\w-]+\.[\w-]*)$/i

/** A verified Authorization header: who sent it, what that user may still spend, and until when that is known. */
export type Session = {
  readonly header: string
  readonly principal: Principal
  readonly bucket: Bucket
  readonly scopes: ReadonlySet<Scope>
  readonly knownUntil: number
}

export type SessionsOptions = {
  verify: (token: string) => Promise<Principal>
  isRevoked: (principal: Principal) => boolean
  bucketOf: (principal: Principal) => Promise<Bucket>
}

/** Verifies each token now and then and remembers the header it came in, so that most requests cost one look-up. */
export class Sessions {
  readonly #options: SessionsOptions
  readonly #bySignature = new Map<string, Session>()

  constructor(options: SessionsOptions) {
    this.#options = options
  }

  /** The session of a header seen before, while its token lives and needs no new check. */
  known(header: string, now: number): Session | undefined {
    const key = header.slice(-KEY_LENGTH)
    const session = this.#bySignature.get(key)
    if (session?.header !== header) return undefined
    if (session.knownUntil > now) return session
    this.#bySignature.delete(key)
    return undefined
  }

  /** Rejects with NOT_AUTHENTICATED. */
  async open(header: string | undefined): Promise<Session> {
    if (!header) throw notAuthenticated('Send a token: Authorization: Bearer <token> (see POST /api/v1/auth/token)')
    const token = BEARER.exec(header)?.[1]
    if (token === undefined) throw notAuthenticated('The Authorization header must read: Bearer <token>')
    const principal = await this.#options.verify(token)
    const bucket = await this.#options.bucketOf(principal)
    if (this.#options.isRevoked(principal)) throw notAuthenticated('The key or the user of this token was revoked')
    const knownUntil = Math.min(principal.expiresAt, Date.now() + RECHECK_MS)
    const session = { header, principal, bucket, scopes: new Set(principal.scopes), knownUntil }
    if (this.#bySignature.size >= MAX_SESSIONS) this.#bySignature.delete(this.#bySignature.keys().next().value!)
    this.#bySignature.set(header.slice(-KEY_LENGTH), session)
    return session
  }

  /** Forgets the sessions that a revocation concerns. */
  forget(concerned: (principal: Principal) => boolean): void {
    for (const [key, { principal }] of this.#bySignature) if (concerned(principal)) this.#bySignature.delete(key)
  }
}
