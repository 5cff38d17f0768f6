import type { Logger } from 'pino'
import { ApiError, NotAuthenticated, type AuthFailureReason } from '../errors.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { networkOf } from './network.ts'

const WINDOW_MS = 60_000
/** Lines in a minute: whoever guesses keys must not be able to fill a disk. */
const MAX_LINES = 20

export type AuthFailuresOptions = {
  log: Pick<Logger, 'warn'>
  metrics: Pick<Metrics, 'authFailed'>
  now?: () => number
}

/**
 * Counts failed authentications, and logs the first of each address and reason in a minute, with how many went unlogged
 * since the line before.
 */
export class AuthFailures {
  readonly #log: Pick<Logger, 'warn'>
  readonly #metrics: Pick<Metrics, 'authFailed'>
  readonly #now: () => number
  readonly #logged = new Set<string>()
  #windowSince = 0
  #unlogged = 0

  constructor({ log, metrics, now = Date.now }: AuthFailuresOptions) {
    this.#log = log
    this.#metrics = metrics
    this.#now = now
  }

  /** Takes note of an error that a credential met with; one that says nothing of the credential is passed over. */
  note(error: unknown, address: string): void {
    const reason = reasonOf(error)
    if (reason === undefined) return
    this.#metrics.authFailed(reason)
    const network = networkOf(address)
    if (!this.#isNew(`${reason} ${network}`)) {
      this.#unlogged++
      return
    }
    const keyPrefix = error instanceof NotAuthenticated ? error.keyPrefix : undefined
    this.#log.warn({ reason, address: network, keyPrefix, unlogged: this.#unlogged }, 'authentication failed')
    this.#unlogged = 0
  }

  #isNew(what: string): boolean {
    const now = this.#now()
    if (Math.abs(now - this.#windowSince) > WINDOW_MS) {
      this.#logged.clear()
      this.#windowSince = now
    }
    if (this.#logged.has(what) || this.#logged.size >= MAX_LINES) return false
    this.#logged.add(what)
    return true
  }
}

function reasonOf(error: unknown): AuthFailureReason | undefined {
  if (error instanceof NotAuthenticated) return error.reason
  return error instanceof ApiError && error.code === 'RATE_LIMITED' ? 'too_many_tries' : undefined
}
