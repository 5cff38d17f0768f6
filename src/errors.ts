import { Type, type Static } from 'typebox'
import { isIsin } from './market/isin.ts'
import type { Attempt, AttemptOutcome } from './market/provenance.ts'

/** The only error body this API sends. */
export const ErrorBody = Type.Object(
  {
    error: Type.Object({
      code: Type.String({ description: 'Stable, UPPER_SNAKE' }),
      message: Type.String(),
      requestId: Type.String(),
      details: Type.Optional(Type.Unknown({ description: 'Which field is wrong, what was tried, what was meant' }))
    })
  },
  { $id: 'ErrorBody' }
)
export type ErrorBody = Static<typeof ErrorBody>

/** An error that the API answers with: `details` goes into the body, `retryAfterSeconds` into Retry-After. */
export class ApiError extends Error {
  readonly code: string
  readonly statusCode: number
  readonly details: unknown
  readonly retryAfterSeconds: number | undefined

  constructor(
    code: string,
    statusCode: number,
    message: string,
    extra: { details?: unknown; retryAfterSeconds?: number; cause?: unknown } = {}
  ) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause })
    this.name = 'ApiError'
    this.code = code
    this.statusCode = statusCode
    this.details = extra.details
    this.retryAfterSeconds = extra.retryAfterSeconds
  }
}

/** Every capable provider was asked and none knows the symbol. `suggestions` are near matches, best first. */
export class SymbolNotFound extends ApiError {
  declare readonly details: {
    readonly symbol: string
    readonly suggestions: readonly string[]
    readonly attempts: readonly Attempt[]
  }

  constructor(symbol: string, attempts: readonly Attempt[], suggestions: readonly string[] = []) {
    const nearest = suggestions.length > 0 ? `; did you mean ${suggestions.join(', ')}?` : ''
    const hint = isIsin(symbol)
      ? `: it is an ISIN, and a symbol is that of one listing, such as AAPL or SAP.DE`
      : nearest
    super('SYMBOL_NOT_FOUND', 404, `No provider knows ${symbol}${hint}`, { details: { symbol, suggestions, attempts } })
  }
}

/** 404: nothing is stored under a symbol, or nothing of the kind that was asked for. `suggestions` are near matches, best first. */
export class NothingStored extends ApiError {
  constructor(symbol: string, what: string, suggestions: readonly string[] = []) {
    const hint = suggestions.length > 0 ? `; did you mean ${suggestions.join(', ')}?` : ''
    super('NOTHING_STORED', 404, `${what} ${symbol}${hint}`, { details: { symbol, suggestions } })
  }
}

/** Of a provider that has no such thing, or is not to be asked for it: asking again brings no other answer. */
const OUTCOMES_OF_LACK: ReadonlySet<AttemptOutcome> = new Set(['not_found', 'not_covered', 'not_asked'])

type AboutUnavailable = {
  /** What was asked for is of a symbol. */
  readonly isOfSymbol?: boolean
  /**
   * Those that could be asked do not have it, which says little of the symbol as long as others could not be asked.
   */
  readonly isUnconfirmed?: boolean
  /** There is no such thing to be had, whatever the providers say; by default where none of them has it. */
  readonly isLacking?: boolean
  /** One that was not asked for want of calls may have it. */
  readonly isOutOfCalls?: boolean
}

/**
 * No provider could answer and no last good value exists: 503. Where none of them has what was asked for (a range that is too
 * old, a kind of data that none sells), coming back would not help: 404, NOT_COVERED.
 */
export class MarketDataUnavailable extends ApiError {
  declare readonly details: { readonly subject: string; readonly attempts: readonly Attempt[] }
  readonly isUnconfirmed: boolean
  readonly isLacking: boolean
  readonly isOutOfCalls: boolean

  constructor(
    subject: string,
    attempts: readonly Attempt[],
    retryAfterSeconds: number,
    {
      isOfSymbol = false,
      isUnconfirmed = false,
      isLacking = lacksAll(attempts),
      isOutOfCalls = false
    }: AboutUnavailable = {}
  ) {
    const details = { subject, attempts }
    if (isLacking) {
      const who = attempts.some(({ outcome }) => outcome === 'not_asked') ? 'provider that could be asked' : 'provider'
      super('NOT_COVERED', 404, `No ${who} has ${isOfSymbol ? `this of ${subject}` : subject}`, { details })
    } else {
      super('MARKET_DATA_UNAVAILABLE', 503, `No provider could answer for ${subject}`, { details, retryAfterSeconds })
    }
    this.isUnconfirmed = isUnconfirmed
    this.isLacking = isLacking
    this.isOutOfCalls = isOutOfCalls
  }
}

function lacksAll(attempts: readonly Attempt[]): boolean {
  return attempts.length > 0 && attempts.every(({ outcome }) => OUTCOMES_OF_LACK.has(outcome))
}

/** A request field is wrong. `allowed` says what would be right. */
export class InvalidField extends ApiError {
  constructor(field: string, message: string, allowed?: unknown) {
    super('INVALID_REQUEST', 400, `${field} ${message}`, { details: { field, message, allowed } })
  }
}

/** Why a credential opens nothing: the label of the metric and of the log line. */
export type AuthFailureReason =
  | 'missing'
  | 'scheme'
  | 'malformed'
  | 'contradiction'
  | 'unknown_key'
  | 'untrusted'
  | 'expired'
  | 'revoked'
  | 'ticket'
  | 'too_many_tries'

/** 401. The message says what is wrong with what came, and never repeats it. */
export class NotAuthenticated extends ApiError {
  readonly reason: AuthFailureReason
  /** The first characters of an API key, for the log. */
  readonly keyPrefix: string | undefined

  constructor(reason: AuthFailureReason, message: string, keyPrefix?: string) {
    super('NOT_AUTHENTICATED', 401, message)
    this.reason = reason
    this.keyPrefix = keyPrefix
  }
}

export const notAuthorized = (scope: string) =>
  new ApiError('NOT_AUTHORIZED', 403, `This key or token does not grant ${scope}`, { details: { missingScope: scope } })

const OVERLOADED_RETRY_AFTER_SECONDS = 5

/** 503: the process's event loop is so late that more work would only make it later. */
export const overloaded = () =>
  new ApiError('OVERLOADED', 503, 'The server is too busy; try again soon', {
    retryAfterSeconds: OVERLOADED_RETRY_AFTER_SECONDS
  })
