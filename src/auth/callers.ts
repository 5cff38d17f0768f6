import type { FastifyInstance } from 'fastify'
import { ApiError } from '../errors.ts'
import { CannotAuthenticateNow, type Caller } from '../hub/context.ts'
import type { Presented } from './credential.ts'
import { payFor, REPLAYED_BYTES_PER_REQUEST } from './payment.ts'
import { isTicket } from './tickets.ts'

/** As over REST, where one request may ask for so many. */
const SYMBOLS_PER_REQUEST = 100

type Built = Pick<FastifyInstance, 'authenticate' | 'revocations' | 'tickets'>
type Verified = Awaited<ReturnType<Built['authenticate']>>

/** Finds out who speaks on a live connection, by an API key, a token, or a ticket had for one of them or for a session. */
export const createCallers = (app: Built) => (presented: Presented, network: string) =>
  callerOf(app, presented, network)

async function callerOf(app: Built, presented: Presented, network: string): Promise<Caller> {
  try {
    let credential = presented
    const isOneTime = typeof presented === 'string' && isTicket(presented)
    const read = async () => (credential = isOneTime ? await app.tickets.redeem(presented) : presented)
    return new VerifiedCaller(app, await app.authenticate(read, network), credential, network)
  } catch (error) {
    const isPassing = error instanceof ApiError && [429, 503].includes(error.statusCode)
    throw isPassing ? new CannotAuthenticateNow(error.code, error.message, { cause: error }) : error
  }
}

/** There is one for each connection, for which functions of its own would be 300 bytes more. */
class VerifiedCaller implements Caller {
  readonly #app: Built
  readonly #verified: Verified
  readonly #credential: Presented
  readonly #network: string

  constructor(app: Built, verified: Verified, credential: Presented, network: string) {
    this.#app = app
    this.#verified = verified
    this.#credential = credential
    this.#network = network
  }

  get userId() {
    return this.#verified.principal.userId
  }

  get name() {
    return this.#verified.principal.name
  }

  get mayStream() {
    return this.#verified.principal.scopes.includes('stream:read')
  }

  get isOperator() {
    return this.#verified.principal.scopes.includes('admin:read')
  }

  get expiresAt() {
    return this.#verified.principal.expiresAt
  }

  get knownUntil() {
    return this.#verified.knownUntil
  }

  isRevoked() {
    return this.#app.revocations.isRevoked(this.#verified.principal)
  }

  verifyAgain() {
    return callerOf(this.#app, this.#credential, this.#network)
  }

  pay(symbols: number) {
    return payFor(Math.ceil(symbols / SYMBOLS_PER_REQUEST), this.#verified.bucket)
  }

  payForReplay(bytes: number) {
    return payFor(bytes / REPLAYED_BYTES_PER_REQUEST, this.#verified.bucket)
  }
}
