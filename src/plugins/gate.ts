import type { FastifyReply, FastifyRequest, onRequestHookHandler, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { Type } from 'typebox'
import type { Config } from '../config.ts'
import { ApiError, notAuthorized } from '../errors.ts'
import { overloaded } from './pressure.ts'
import type { Principal, Scope } from './principal.ts'
import { RateLimiter, type Bucket } from './rate-limiter.ts'
import { Revocations } from './revocations.ts'
import { SECURITY_HEADER } from './security-headers.ts'
import { Sessions, type Session } from './sessions.ts'

export type GateOptions = {
  config: Pick<Config, 'RATE_LIMIT_PER_MINUTE' | 'RATE_LIMIT_PRO_PER_MINUTE'>
  redis: Redis
  log: Logger
}

declare module 'fastify' {
  interface FastifyInstance {
    sessions: Sessions
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
    /** What a token must grant; `any` takes every valid token, `none` takes requests without one. */
    access?: Scope | 'any' | 'none'
  }
}

/**
 * Stands before every route: one synchronous hook that stamps the request, verifies its token by one look-up, checks
 * the scope and spends from the user's bucket. Only a token that was not seen before makes a request wait.
 * A route that does not say whom it admits stops the start.
 */
export const gate = fp<GateOptions>(
  async (app, { config, redis, log }) => {
    const limits = { standard: config.RATE_LIMIT_PER_MINUTE, pro: config.RATE_LIMIT_PRO_PER_MINUTE }
    const rateLimiter = new RateLimiter({ redis, log })
    const bucketOf = ({ userId, plan }: Pick<Principal, 'userId' | 'plan'>) =>
      rateLimiter.bucket(`user:${userId}`, limits[plan])
    const sessions = new Sessions({
      verify: (token) => app.tokens.verify(token),
      isRevoked: (principal) => revocations.isRevoked(principal),
      bucketOf
    })
    const revocations = new Revocations({
      redis,
      log,
      onRevoked: () => sessions.forget((principal) => revocations.isRevoked(principal))
    })
    await revocations.start()

    app.decorate('sessions', sessions)
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
  { name: 'gate', dependencies: ['tokens', 'pressure'] }
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

  async function openAndEnter(header: string | undefined, request: FastifyRequest, reply: FastifyReply) {
    try {
      return enter(await sessions.open(header), request, reply, Date.now())
    } catch (error) {
      return error as Error
    }
  }

  return (request, reply, proceed) => {
    request.startedAt = performance.now()
    reply.header(...SECURITY_HEADER)
    if (isOverloaded()) return proceed(overloaded())
    const header = request.headers.authorization
    const now = Date.now()
    const session = header === undefined ? undefined : sessions.known(header, now)
    if (session) return proceed(enter(session, request, reply, now))
    void openAndEnter(header, request, reply).then(proceed)
  }
}

/** `requests`: what could not be taken from the bucket. */
export function tooManyRequests(bucket: Bucket, requests = 1): ApiError {
  const retryAfterSeconds = bucket.retryAfterSeconds(requests)
  return new ApiError('RATE_LIMITED', 429, `More than ${bucket.limit} requests in a minute`, {
    details: { limitPerMinute: bucket.limit, retryAfterSeconds },
    retryAfterSeconds
  })
}

/** What every guarded route can answer, for the OpenAPI document. */
function describeAccess(route: RouteOptions): void {
  const error = Type.Ref('ErrorBody#')
  const schema = route.schema ?? {}
  route.schema = {
    ...schema,
    security: [{ token: [] }],
    response: { 401: error, 403: error, 429: error, ...(schema.response as object | undefined) }
  }
}
