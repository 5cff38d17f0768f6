import type { FastifyReply, FastifyRequest, onRequestHookHandler, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { Type } from 'typebox'
import type { Config } from '../config.ts'
import { NotAuthenticated, notAuthorized } from '../errors.ts'
import { ApiKeys } from './api-keys.ts'
import { isApiKey, isToken, requiredCredentialIn } from './credential.ts'
import { networkOf } from './network.ts'
import { overloaded } from './pressure.ts'
import type { Principal, Scope } from './principal.ts'
import { RateLimiter, tooManyRequests, type Bucket } from './rate-limiter.ts'
import { Revocations } from './revocations.ts'
import { SECURITY_HEADER } from './security-headers.ts'
import { headerOf, Sessions, type Session } from './sessions.ts'

/** Wrong API keys that an address may send in a minute, in whatever way. */
const TRIES_PER_MINUTE = 60

export type GateOptions = {
  config: Pick<Config, 'RATE_LIMIT_PER_MINUTE' | 'RATE_LIMIT_PRO_PER_MINUTE'>
  redis: Redis
  log: Logger
}

declare module 'fastify' {
  interface FastifyInstance {
    sessions: Sessions
    apiKeys: ApiKeys
    /** How many wrong keys an address may still try. */
    triesOf(address: string): Promise<Bucket>
    revocations: Revocations
    rateLimiter: RateLimiter
    /** What a user may spend, over REST and live connections together. */
    bucketOf(principal: Pick<Principal, 'userId' | 'plan'>): Promise<Bucket>
  }
  interface FastifyRequest {
    /** Set on every route that asks for a scope. */
    principal: Principal | undefined
    /** performance.now() when the request came in. */
    startedAt: number
  }
  interface FastifyContextConfig {
    /** What a key or token must grant; `any` takes every valid one, `none` takes requests without one. */
    access?: Scope | 'any' | 'none'
  }
}

/**
 * Stands before every route: one synchronous hook that stamps the request, verifies its API key or token by one look-up in
 * memory, checks the scope and spends from the user's bucket. Only a credential that was not seen before makes a request
 * wait.
 * A route that does not say whom it admits stops the start.
 */
export const gate = fp<GateOptions>(
  async (app, { config, redis, log }) => {
    const limits = { standard: config.RATE_LIMIT_PER_MINUTE, pro: config.RATE_LIMIT_PRO_PER_MINUTE }
    const rateLimiter = new RateLimiter({ redis, log })
    const bucketOf = ({ userId, plan }: Pick<Principal, 'userId' | 'plan'>) =>
      rateLimiter.bucket(`user:${userId}`, limits[plan])
    const triesOf = (address: string) => rateLimiter.bucket(`address:${networkOf(address)}`, TRIES_PER_MINUTE)
    const apiKeys = new ApiKeys(app.stores.keys, app.recorder)
    const sessions = new Sessions({
      async verify(credential, address) {
        if (isApiKey(credential)) return apiKeys.verify(credential, await triesOf(address))
        if (isToken(credential)) return app.tokens.verify(credential)
        throw new NotAuthenticated('malformed', 'This is neither an API key (qw_…) nor a token')
      },
      isRevoked: (principal) => revocations.isRevoked(principal),
      bucketOf
    })
    const revocations = new Revocations({
      redis,
      log,
      onRevoked: (subject) =>
        sessions.forget((principal) => {
          // Keys of the user are looked up again, whatever the clock of this process said when they were.
          const isKeyOfUser = principal.credential === 'key' && subject === `user:${principal.userId}`
          return isKeyOfUser || revocations.isRevoked(principal)
        })
    })
    await revocations.start()

    app.decorate('sessions', sessions)
    app.decorate('apiKeys', apiKeys)
    app.decorate('triesOf', triesOf)
    app.decorate('revocations', revocations)
    app.decorate('rateLimiter', rateLimiter)
    app.decorate('bucketOf', bucketOf)
    app.decorateRequest('principal', undefined)
    app.decorateRequest('startedAt', 0)
    app.addHook('onRoute', (route) => {
      const access = route.config?.access
      if (access === undefined) throw new Error(`${route.url} does not say whom it admits`)
      const hook = access === 'none' ? admitAnybody : createGuard(access, sessions, () => app.isOverloaded())
      route.onRequest = [hook, route.onRequest ?? []].flat()
      if (access !== 'none') describeAccess(route)
    })
    app.addHook('onClose', async () => {
      await rateLimiter.close()
      await revocations.close()
    })
  },
  { name: 'gate', dependencies: ['resources', 'tokens', 'pressure'] }
)

const admitAnybody: onRequestHookHandler = (request, reply, done) => {
  request.startedAt = performance.now()
  reply.header(...SECURITY_HEADER)
  done()
}

function createGuard(scope: Scope | 'any', sessions: Sessions, isOverloaded: () => boolean): onRequestHookHandler {
  const enter = (session: Session, request: FastifyRequest, reply: FastifyReply, now: number): Error | undefined => {
    const { principal, scopes, bucket } = session
    request.principal = principal
    const affordable = bucket.spend(now)
    reply.header('ratelimit-limit', bucket.limit)
    reply.header('ratelimit-remaining', bucket.remaining)
    reply.header('ratelimit-reset', bucket.resetSeconds)
    if (!affordable) return tooManyRequests(bucket)
    return scope === 'any' || scopes.has(scope) ? undefined : notAuthorized(scope)
  }

  async function openAndEnter(request: FastifyRequest, reply: FastifyReply) {
    try {
      const session = await sessions.open(requiredCredentialIn(request.headers), request.ip)
      return enter(session, request, reply, Date.now())
    } catch (error) {
      return error as Error
    }
  }

  return (request, reply, proceed) => {
    request.startedAt = performance.now()
    reply.header(...SECURITY_HEADER)
    if (isOverloaded()) return proceed(overloaded())
    const now = Date.now()
    const header = authorizationOf(request)
    const session = header === undefined ? undefined : sessions.known(header, now)
    if (session) return proceed(enter(session, request, reply, now))
    void openAndEnter(request, reply).then(proceed)
  }
}

/** The Authorization header, or the one that X-API-Key stands for; undefined also where both came, for they may disagree. */
function authorizationOf({ headers }: FastifyRequest): string | undefined {
  const key = headers['x-api-key']
  if (key === undefined) return headers.authorization
  return headers.authorization === undefined && typeof key === 'string' ? headerOf(key) : undefined
}

/** What every guarded route can answer, for the OpenAPI document. */
function describeAccess(route: RouteOptions): void {
  const error = Type.Ref('ErrorBody#')
  const schema = route.schema ?? {}
  route.schema = {
    ...schema,
    security: [{ bearer: [] }, { apiKey: [] }],
    response: { 401: error, 403: error, 429: error, ...(schema.response as object | undefined) }
  }
}
