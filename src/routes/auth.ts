import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { notAuthenticated } from '../errors.ts'
import { tooManyRequests } from '../plugins/gate.ts'
import { networkOf } from '../plugins/network.ts'
import { Plan, Scope, scopesAmong } from '../plugins/principal.ts'

const EXCHANGES_PER_MINUTE = 60
const MAX_KEY_LENGTH = 200

const TokenRequest = Type.Object(
  { apiKey: Type.String({ minLength: 1, maxLength: MAX_KEY_LENGTH, examples: ['qw_...'] }) },
  { additionalProperties: false }
)
const IssuedToken = Type.Object({
  token: Type.String(),
  tokenType: Type.Literal('Bearer'),
  expiresAt: Type.String({ format: 'date-time' })
})
const Me = Type.Object({
  userId: Type.String(),
  name: Type.String(),
  plan: Plan,
  scopes: Type.Array(Scope),
  keyId: Type.Optional(Type.String({ description: 'Absent on tokens of an outside issuer' })),
  issuedAt: Type.String({ format: 'date-time' }),
  expiresAt: Type.String({ format: 'date-time' })
})

export const authRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/token',
    {
      config: { access: 'none' },
      schema: {
        operationId: 'exchangeKey',
        summary: 'Exchanges an API key for a token',
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
      const bucket = await app.rateLimiter.bucket(`address:${networkOf(request.ip)}`, EXCHANGES_PER_MINUTE)
      if (!bucket.spend(Date.now())) throw tooManyRequests(bucket)
      const askedAt = Date.now()
      const holder = await app.stores.keys.findKey(request.body.apiKey)
      if (!holder) throw notAuthenticated('This API key is unknown or was revoked')
      app.recorder.keyUsed(holder.keyId)
      const { token, expiresAt } = app.tokens.issue({ ...holder, scopes: scopesAmong(holder.scopes) }, askedAt)
      reply.header('cache-control', 'no-store')
      return { token, tokenType: 'Bearer' as const, expiresAt: expiresAt.toISOString() }
    }
  )

  app.get(
    '/me',
    {
      config: { access: 'any' },
      schema: {
        operationId: 'whoAmI',
        summary: 'Whom the token speaks for and what it grants',
        tags: ['auth'],
        response: { 200: Me }
      }
    },
    async (request, reply) => {
      const { issuedAt, expiresAt, scopes, ...who } = request.principal!
      reply.header('cache-control', 'no-store')
      return {
        ...who,
        scopes: [...scopes],
        issuedAt: new Date(issuedAt).toISOString(),
        expiresAt: new Date(expiresAt).toISOString()
      }
    }
  )
}
