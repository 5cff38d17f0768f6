import { CannotAuthenticateNow } from './context.ts'
import type { Failure } from './protocol.ts'

/** For a first auth frame to come, in milliseconds. */
export const AUTHENTICATE_WITHIN_MS = 5000

/** Refused frames in a minute. A client that goes on sending them does not listen. */
const MAX_REFUSALS = 10
const REFUSALS_FORGOTTEN_MS = 60_000

const failure = (code: string, message: string): Failure => ({ code, message })

/** What a client is told where it, or a frame of it, is refused. */
export const Refused = {
  notInTime: failure('NOT_AUTHENTICATED', `No key and no token came within ${AUTHENTICATE_WITHIN_MS} ms`),
  notAuthenticated: failure('NOT_AUTHENTICATED', 'Send {"type":"auth","data":{"token":"…"}} first'),
  notAuthorized: failure('NOT_AUTHORIZED', 'The key or token does not grant stream:read'),
  revoked: failure('NOT_AUTHENTICATED', 'The key, its user or this token was revoked'),
  expired: failure('TOKEN_EXPIRED', 'The key or token has expired'),
  expiresSoon: failure('TOKEN_EXPIRES', 'The key or token expires soon; renew it by an auth frame'),
  otherUser: failure('OTHER_USER', 'The key or token belongs to another user; open another connection'),
  tooManyFrames: failure('TOO_MANY_FRAMES', 'More frames than a connection may send'),
  tooManyConnections: failure('TOO_MANY_CONNECTIONS', 'The user has as many connections as are allowed'),
  tooManyNewcomers: failure('TOO_MANY_CONNECTIONS', 'Too many connections wait here to say who they are'),
  dismissed: failure('ENDED_BY_OPERATOR', 'An operator has ended this connection'),
  textExpected: failure('TEXT_EXPECTED', 'Clients send text frames with JSON, on binary connections too'),
  invalidCursor: {
    ...failure('INVALID_CURSOR', 'data.since is no cursor that was given out'),
    details: { field: 'data.since', message: 'is no cursor that was given out' }
  },
  failed: failure('INTERNAL_ERROR', 'The frame could not be served; the log has the reason')
} as const

/** Why a credential was refused. */
export const failureOf = (error: unknown): Failure =>
  failure(error instanceof CannotAuthenticateNow ? error.code : 'NOT_AUTHENTICATED', (error as Error).message)

/** Whether what was refused may be asked for again as it is. */
export const isPassing = ({ code }: Failure): boolean => code === 'RATE_LIMITED' || code === 'LOG_UNREADABLE'

/** The frames of one client that were refused lately. */
export class RefusalCount {
  #count = 0
  #since = 0

  /** Counts one more (`now` in epoch milliseconds); whether that was one too many. */
  isTooMany(now: number): boolean {
    if (now - this.#since > REFUSALS_FORGOTTEN_MS) {
      this.#count = 0
      this.#since = now
    }
    return ++this.#count >= MAX_REFUSALS
  }
}
