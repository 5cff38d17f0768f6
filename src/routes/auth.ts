import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { isApiKey, presentedIn } from '../auth/credential.ts'
import { countingMalformed } from '../auth/malformed-keys.ts'
import { addressOf } from '../auth/network.ts'
import { Credential, Plan, Scope, type Principal } from '../auth/principal.ts'
import { tooManyRequests } from '../auth/rate-limiter.ts'
import { isoOf } from '../market/time.ts'

const MAX_KEY_LENGTH = 200
const EXCHANGES_PER_MINUTE = 60

const TokenRequest = Type.Object(
  {
    apiKey: Type.String({
      minLength: 1,
      maxLength: MAX_KEY_LENGTH,
      description: 'The API key, as it was shown when it was made',
      examples: ['qw_...']
    })
  },
  { additionalProperties: false }
)
const IssuedToken = Type.Object({
  token: Type.String(),
  tokenType: Type.Literal('Bearer'),
  expiresAt: Type.String({ format: 'date-time' })
})
const Ticket = Type.Object({ ticket: Type.String(), expiresAt: Type.String({ format: 'date-time' }) })
const Me = Type.Object({
  userId: Type.String(),
  name: Type.String(),
  plan: Plan,
  scopes: Type.Array(Scope),
  credential: Credential,
  keyId: Type.Optional(Type.String({ description: 'Absent on tokens of an outside issuer' })),
  issuedAt: Type.Optional(Type.String({ format: 'date-time', description: 'Of a token or a session' })),
  expiresAt: Type.Optional(Type.String({ format: 'date-time', description: 'Absent on a key that does not end' }))
})

export const authRoutes: FastifyPluginAsyncTypebox = async (app) => {
  /** A token is no key: it could be renewed for ever. What is no key at all is a wrong one, which costs a try. */
  async function holderOf(apiKey: string, address: string): Promise<Principal> {
    if (!isApiKey(apiKey)) return app.verifyKey(apiKey, address)
    return (await app.authenticate(() => apiKey, address)).principal
  }

  app.post(
    '/token',
    {
      config: { access: 'none' },
      errorHandler: countingMalformed(),
      schema: {
        operationId: 'exchangeKey',
        summary: 'Exchanges an API key for a token',
        description: 'For browsers, and for whoever must not hold the key. The token ends with the key at the latest.',
        tags: ['auth'],
        body: TokenRequest,
        response: {
          200: IssuedToken,
          401: Type.Ref('ErrorBody#'),
          429: Type.Ref('ErrorBody#'),
          503: Type.Ref('ErrorBody#')
        }
      }
    },
    async (request, reply) => {
      const holder = await holderOf(request.body.apiKey, addressOf(request))
      const bucket = await app.rateLimiter.bucket(`exchange:${holder.userId}`, EXCHANGES_PER_MINUTE)
      if (!bucket.spend(Date.now())) throw tooManyRequests(bucket, 1, 'exchanges of keys by one user')
      const { token, expiresAt } = app.tokens.issue(holder)
      reply.header('cache-control', 'no-store')
      return { token, tokenType: 'Bearer' as const, expiresAt: expiresAt.toISOString() }
    }
  )

  app.post(
    '/ticket',
    {
      config: { access: 'any' },
      schema: {
        operationId: 'createTicket',
        summary: 'Makes a ticket that opens one live connection, within 30 seconds',
        description:
          'For `?ticket=` on the WebSocket addresses and on Socket.IO, so that no key and no token stands in an address. The ' +
          'connection is that of the key, the token or the session which asked, and ends with it.',
        tags: ['auth'],
        response: { 200: Ticket }
      }
    },
    async (request, reply) => {
      const { ticket, expiresAt } = await app.tickets.issue(presentedIn(request.headers))
      reply.header('cache-control', 'no-store')
      return { ticket, expiresAt: expiresAt.toISOString() }
    }
  )

  app.get(
    '/me',
    {
      config: { access: 'any' },
      schema: {
        operationId: 'whoAmI',
        summary: 'Whom the key or token speaks for and what it grants',
        tags: ['auth'],
        response: { 200: Me }
      }
    },
    async (request, reply) => {
      const { issuedAt, expiresAt, scopes, tokenId: _, renewal: _renewal, ...who } = request.principal!
      reply.header('cache-control', 'no-store')
      return {
        ...who,
        scopes: [...scopes],
        ...(who.credential !== 'key' && { issuedAt: isoOf(issuedAt) }),
        ...(expiresAt !== Infinity && { expiresAt: isoOf(expiresAt) })
      }
    }
  )
}
