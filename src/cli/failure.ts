import { ExitCode } from './exit-code.ts'

/** The arguments are not what a command takes: the message names the one at fault and what would be right. */
export class UsageError extends Error {}

/** What ends a command with an exit code of its own. */
export class CommandFailure extends Error {
  readonly exitCode: number

  constructor(exitCode: number, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Whoever read the standard output has closed it: there is nothing more to do, and nothing to complain of. */
export class ReaderGone extends Error {}

/** What is known of a request that failed: the status of HTTP where an answer came, and the server's stable code. */
export type Refusal = {
  readonly status?: number | undefined
  readonly code?: string | undefined
  /** Of a live connection that was ended for good. */
  readonly details?: unknown
}

const BY_CODE: { readonly [code: string]: ExitCode } = {
  NOT_AUTHENTICATED: ExitCode.notAllowed,
  NOT_AUTHORIZED: ExitCode.notAllowed,
  SYMBOL_NOT_FOUND: ExitCode.notFound,
  NOTHING_STORED: ExitCode.notFound,
  NOT_COVERED: ExitCode.notFound,
  INVALID_SYMBOL: ExitCode.usage,
  INVALID_REQUEST: ExitCode.usage,
  INVALID_CURSOR: ExitCode.usage,
  MARKET_DATA_UNAVAILABLE: ExitCode.unavailable,
  RATE_LIMITED: ExitCode.unavailable,
  UNREACHABLE: ExitCode.unavailable,
  TIMEOUT: ExitCode.unavailable
}
const BY_STATUS: { readonly [status: number]: ExitCode } = {
  400: ExitCode.usage,
  401: ExitCode.notAllowed,
  403: ExitCode.notAllowed,
  404: ExitCode.notFound,
  429: ExitCode.unavailable,
  502: ExitCode.unavailable,
  503: ExitCode.unavailable,
  504: ExitCode.unavailable
}

/** No key, a wrong or a revoked one; one that does not grant `stream:read`. */
const CLOSES_NOT_ALLOWED: ReadonlySet<number> = new Set([4500, 4504])

export function exitCodeOf(failure: unknown): number {
  if (failure instanceof UsageError) return ExitCode.usage
  if (failure instanceof ReaderGone) return ExitCode.ok
  if (failure instanceof CommandFailure) return failure.exitCode
  const { code, status, details } = failure as Refusal
  if (code === 'CONNECTION_ENDED' && CLOSES_NOT_ALLOWED.has((details as { closeCode: number }).closeCode)) {
    return ExitCode.notAllowed
  }
  return BY_CODE[code ?? ''] ?? BY_STATUS[status ?? 0] ?? ExitCode.failed
}
