export type QuotewireErrorOptions = {
  /** The status of the answer; absent where none came. */
  readonly status?: number
  readonly requestId?: string
  /** After how long it may work, as the server says. */
  readonly retryAfterMs?: number
  /** Which field is wrong, what was tried, what was meant. */
  readonly details?: unknown
  readonly cause?: unknown
}

/**
 * What the server refused, or that it could not be asked. `code` is stable: the server's own, or one of `UNREACHABLE` (no
 * answer came), `TIMEOUT` (none came in time), `BAD_ANSWER` (something that is not Quotewire answered), `CONNECTION_ENDED`
 * (a live connection was ended for good; `details.closeCode`).
 */
export class QuotewireError extends Error {
  readonly code: string
  readonly status: number | undefined
  readonly requestId: string | undefined
  readonly retryAfterMs: number | undefined
  readonly details: unknown

  constructor(code: string, message: string, options: QuotewireErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'QuotewireError'
    this.code = code
    this.status = options.status
    this.requestId = options.requestId
    this.retryAfterMs = options.retryAfterMs
    this.details = options.details
  }
}
