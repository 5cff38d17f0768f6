import type { KeyHolder, KeyStore } from '../../db/keys.ts'
import type { Recorder } from '../../db/recorder.ts'
import { ApiError, NotAuthenticated } from '../errors.ts'
import { isoOf } from '../market/time.ts'
import { withTimeout } from '../timeout.ts'
import { scopesAmong, type Principal } from './principal.ts'
import { tooManyRequests, type Bucket } from './rate-limiter.ts'

const LOOK_UP_TIMEOUT_MS = 2000
const RETRY_AFTER_SECONDS = 5
/** How much of a key may be logged: it tells which of somebody's keys it is, and opens nothing. */
const LOGGED_CHARACTERS = 9

/** Takes one of an address's tries. Throws RATE_LIMITED where none is left. */
export function spendTry(tries: Bucket, now: number): void {
  if (!tries.spend(now)) throw tooManyRequests(tries, 1, 'tries with a wrong API key from one address')
}

/** Looks API keys up in Postgres. */
export class ApiKeys {
  readonly #keys: Pick<KeyStore, 'findKey' | 'findHolder'>
  readonly #recorder: Pick<Recorder, 'keyUsed'>

  constructor(keys: Pick<KeyStore, 'findKey' | 'findHolder'>, recorder: Pick<Recorder, 'keyUsed'>) {
    this.#keys = keys
    this.#recorder = recorder
  }

  /**
   * Whom a key speaks for. A wrong key costs one of `tries`, which are those of the address that it came from.
   * Rejects with NotAuthenticated, with RATE_LIMITED where no try is left, and with STORE_UNAVAILABLE.
   */
  async verify(key: string, tries: Bucket): Promise<Principal> {
    const askedAt = Date.now()
    // Taken before it is known to be a wrong one: else many at once would be as many tries as their sender likes.
    spendTry(tries, askedAt)
    const holder = await this.#found(this.#keys.findKey(key)).catch((error: unknown) => {
      tries.giveBack(1)
      throw error
    })
    if (holder && holder.expiresAt > askedAt) {
      tries.giveBack(1)
      this.#recorder.keyUsed(holder.keyId)
      return { ...holder, credential: 'key', scopes: scopesAmong(holder.scopes), issuedAt: askedAt }
    }
    const keyPrefix = key.slice(0, LOGGED_CHARACTERS)
    if (holder) {
      const since = isoOf(holder.expiresAt)
      throw new NotAuthenticated('expired', `This API key expired at ${since}`, keyPrefix)
    }
    throw new NotAuthenticated('unknown_key', 'This API key is unknown or was revoked', keyPrefix)
  }

  /**
   * Whom a key speaks for now that was verified before. Rejects with NotAuthenticated where it was revoked or its time is
   * over, and with STORE_UNAVAILABLE.
   */
  async holderOf(keyId: string): Promise<Omit<Principal, 'credential' | 'issuedAt'>> {
    const holder = await this.#found(this.#keys.findHolder(keyId))
    if (!holder) throw new NotAuthenticated('revoked', 'The API key that you signed in with was revoked')
    if (holder.expiresAt <= Date.now()) {
      const since = isoOf(holder.expiresAt)
      throw new NotAuthenticated('expired', `The API key that you signed in with expired at ${since}`)
    }
    this.#recorder.keyUsed(keyId)
    return { ...holder, scopes: scopesAmong(holder.scopes) }
  }

  async #found(lookUp: Promise<KeyHolder | undefined>): Promise<KeyHolder | undefined> {
    try {
      return await withTimeout(lookUp, LOOK_UP_TIMEOUT_MS, () => {
        throw new Error('Postgres does not answer')
      })
    } catch (cause) {
      throw new ApiError('STORE_UNAVAILABLE', 503, 'API keys cannot be looked up now', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
        cause
      })
    }
  }
}
