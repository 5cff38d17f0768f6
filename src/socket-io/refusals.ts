import type { Failure, Rejected } from '../hub/protocol.ts'

const failure = (code: string, message: string): Failure => ({ code, message })

/** What a client is told where it, or a request of it, is refused. */
export const Refused = {
  revoked: failure('NOT_AUTHENTICATED', 'The key, its user or this token was revoked'),
  notAuthorized: failure('NOT_AUTHORIZED', 'The key or token does not grant stream:read'),
  expired: failure('TOKEN_EXPIRED', 'The key or token has expired; connect with a new one'),
  tooManyRequests: failure('TOO_MANY_FRAMES', 'More requests than a connection may send'),
  unknownEvent: failure('UNKNOWN_EVENT', 'Clients emit subscribe and unsubscribe'),
  badRequest: failure('INVALID_FRAME', 'Send a symbol, a list of symbols, or {"symbols": [...]}'),
  failed: failure('INTERNAL_ERROR', 'The request could not be served; the log has the reason')
} as const

export function rejectionOf(rejected: readonly Rejected[]): object {
  return { code: 'SYMBOLS_REJECTED', message: `${rejected.length} symbol(s) cannot be subscribed to`, rejected }
}
