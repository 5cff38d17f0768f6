import type { FastifyInstance } from 'fastify'
import { ApiError } from '../errors.ts'
import { CannotAuthenticateNow, type Caller } from '../hub/context.ts'
import { payFor, REPLAYED_BYTES_PER_REQUEST } from './payment.ts'
import { isTicket } from './tickets.ts'

/** As over REST, where one request may ask for so many. */
const SYMBOLS_PER_REQUEST = 100

type Built = Pick<FastifyInstance, 'authenticate' | 'revocations' | 'tickets'>

/** Finds out who speaks on a live connection, by an API key, a token or a ticket. */
export function createCallers(app: Built) {
  return async function callerOf(presented: string, network: string): Promise<Caller> {
    try {
      let credential = presented
      const read = async () => (credential = isTicket(presented) ? await app.tickets.redeem(presented) : presented)
      const { principal, bucket, knownUntil } = await app.authenticate(read, network)
      const { userId, name, expiresAt, scopes } = principal
      return {
        userId,
        name,
        mayStream: scopes.includes('stream:read'),
        expiresAt,
        knownUntil,
        isRevoked: () => app.revocations.isRevoked(principal),
        verifyAgain: () => callerOf(credential, network),
        pay: (symbols) => payFor(Math.ceil(symbols / SYMBOLS_PER_REQUEST), bucket),
        payForReplay: (bytes) => payFor(bytes / REPLAYED_BYTES_PER_REQUEST, bucket)
      }
    } catch (error) {
      const isPassing = error instanceof ApiError && [429, 503].includes(error.statusCode)
      throw isPassing ? new CannotAuthenticateNow(error.code, error.message, { cause: error }) : error
    }
  }
}
