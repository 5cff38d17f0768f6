import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { Type } from 'typebox'
import type { Config } from '../config/config.ts'
import { NotAuthenticated, notAuthorized, overloaded } from '../errors.ts'
import { ApiKeys, spendTry } from './api-keys.ts'
import { AuthFailures } from './auth-failures.ts'
import { isApiKey, isToken, presentedIn, sessionIn, type Presented } from './credential.ts'
import { addressOf, networkOf } from './network.ts'
import type { Principal, Scope } from './principal.ts'
import { RateLimiter, tooManyRequests, type Bucket } from './rate-limiter.ts'
import { Revocations } from './revocations.ts'
import { SECURITY_HEADER } from './security-headers.ts'
import { createSessionCheck, csrfFault } from './sessions.ts'
import { headerOf, VerifiedTokens, type VerifiedToken } from './verified-tokens.ts'
import { LIVE_TICKET, SIGN_IN_CODE, Tickets } from './tickets.ts'

/** Wrong API keys that an address may send in a minute, in whatever way. */
const TRIES_PER_MINUTE = 60

export type GateOptions = {
  config: Pick<Config, 'RATE_LIMIT_PER_MINUTE' | 'RATE_LIMIT_PRO_PER_MINUTE' | 'MCP_RATE_LIMIT_PER_MINUTE'>
  redis: Redis
  log: Logger
}

declare module 'fastify' {
  interface FastifyInstance {
    verifiedTokens: VerifiedTokens
    /** By the tokens of browsers' cookies, apart from all that headers carry. */
    sessions: VerifiedTokens
    tickets: Tickets
    signInCodes: Tickets
    /** Verifies the credential that `read` gives; a failure is counted, and logged with where it came from. */
    authenticate(read: () => Presented | Promise<Presented>, address: string): Promise<VerifiedToken>
    /** Whom an API key speaks for, looked up in any case; wrong ones are counted on the address, and failures as above. */
    verifyKey(key: string, address: string, tries?: Bucket): Promise<Principal>
    /**
     * Counts what was sent in place of a key as a wrong one, and as a failure. Rejects with RATE_LIMITED where the address
     * has no try left.
     */
    countAsWrongKey(address: string, tries?: Bucket): Promise<void>
    revocations: Revocations
    rateLimiter: RateLimiter
    /** In a scope of pages: what the routes of libraries, which cannot say it, admit. Such a scope brings its own hook. */
    defaultAccess?: 'none'
  }
  interface FastifyRequest {
    /** Set on every route that asks for a scope. */
    principal: Principal | undefined
    /** What the request was taken from, on every route that asks for a scope. */
    bucket: Bucket | undefined
    /** performance.now() when the request came in. */
    startedAt: number
  }
  interface FastifyContextConfig {
    /** What a key or token must grant; `any` takes every valid one, `none` takes requests without one. */
    access?: Scope | 'any' | 'none'
    /** Where requests are not taken from what the user may spend over REST and live connections: a budget apart. */
    budget?: 'mcp'
  }
}

/**
 * Stands before every route: one synchronous hook that stamps the request, verifies its API key or token, or where it has
 * none the cookie of the console, by one look-up in memory, checks the scope and spends from the user's bucket. Only a credential that was not seen before, or a bucket of
 * which this process has spent its share, makes a request wait.
 * A route that does not say whom it admits stops the start.
 */
export const gate = fp<GateOptions>(
  async (app, { config, redis, log }) => {
    const limits = { standard: config.RATE_LIMIT_PER_MINUTE, pro: config.RATE_LIMIT_PRO_PER_MINUTE }
    const rateLimiter = new RateLimiter({ redis, log })
    /** What a user may spend, over REST and live connections together. */
    const bucketOf = ({ userId, plan }: Pick<Principal, 'userId' | 'plan'>) =>
      rateLimiter.bucket(`user:${userId}`, limits[plan])
    /** What a user may spend apart from that. */
    const apart = {
      mcp: ({ userId }: Principal) => rateLimiter.bucket(`mcp:${userId}`, config.MCP_RATE_LIMIT_PER_MINUTE)
    }
    const triesOf = (address: string) => rateLimiter.bucket(`address:${networkOf(address)}`, TRIES_PER_MINUTE)
    const apiKeys = new ApiKeys(app.stores.keys, app.recorder)
    const verifiedTokens = new VerifiedTokens({
      async verify(credential, address) {
        if (isApiKey(credential)) return apiKeys.verify(credential, await triesOf(address))
        if (isToken(credential)) return app.tokens.verify(credential)
        throw new NotAuthenticated('malformed', 'This is neither an API key (qw_…) nor a token')
      },
      isRevoked: (principal) => revocations.isRevoked(principal),
      bucketOf
    })
    const sessions = new VerifiedTokens({
      verify: createSessionCheck(app.tokens, apiKeys),
      isRevoked: (principal) => revocations.isRevoked(principal),
      bucketOf
    })
    const revocations = new Revocations({
      redis,
      log,
      onRevoked: (subject) => {
        sessions.forget((principal) => revocations.isRevoked(principal))
        verifiedTokens.forget((principal) => {
          // Keys of the user are looked up again, whatever the clock of this process said when they were.
          const isKeyOfUser = principal.credential === 'key' && subject === `user:${principal.userId}`
          return isKeyOfUser || revocations.isRevoked(principal)
        })
      }
    })
    await revocations.start()

    const failures = new AuthFailures({ log, metrics: app.metrics })
    /** Passes a failure on. */
    const noting = async <T>(address: string, work: () => Promise<T>): Promise<T> => {
      try {
        return await work()
      } catch (error) {
        failures.note(error, address)
        throw error
      }
    }
    const authenticate: FastifyInstance['authenticate'] = (read, address) =>
      noting(address, async () => {
        const presented = await read()
        if (typeof presented === 'string') return verifiedTokens.open(presented, address)
        return sessions.open(presented.session, address)
      })

    app.decorate('verifiedTokens', verifiedTokens)
    app.decorate('sessions', sessions)
    app.decorate('tickets', new Tickets(redis, LIVE_TICKET))
    app.decorate('signInCodes', new Tickets(redis, SIGN_IN_CODE))
    app.decorate('authenticate', authenticate)
    app.decorate('verifyKey', (key: string, address: string, tries?: Bucket) =>
      noting(address, async () => apiKeys.verify(key, tries ?? (await triesOf(address))))
    )
    app.decorate('countAsWrongKey', (address: string, tries?: Bucket) =>
      noting(address, async () => {
        spendTry(tries ?? (await triesOf(address)), Date.now())
        failures.note(new NotAuthenticated('malformed', 'What was sent holds no API key'), address)
      })
    )
    app.decorate('revocations', revocations)
    app.decorate('rateLimiter', rateLimiter)
    app.decorateRequest('principal', undefined)
    app.decorateRequest('bucket', undefined)
    app.decorateRequest('startedAt', 0)
    app.addHook('onRoute', function (route) {
      const access = route.config?.access ?? this.defaultAccess
      if (access === undefined) throw new Error(`${route.url} does not say whom it admits`)
      const budget = route.config?.budget
      const hook = access === 'none' ? admitAnybody : createGuard(access, app, budget && apart[budget])
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

type Built = Pick<FastifyInstance, 'verifiedTokens' | 'sessions' | 'authenticate' | 'isOverloaded' | 'rateLimiter'>

type Entering = Pick<VerifiedToken, 'principal' | 'scopes' | 'bucket'>

/** `bucketOf`: where requests are not taken from the bucket of `VerifiedToken`. */
function createGuard(
  scope: Scope | 'any',
  app: Built,
  bucketOf?: (principal: Principal) => Promise<Bucket>
): onRequestHookHandler {
  const { verifiedTokens, sessions, authenticate, rateLimiter } = app
  /** `isPaid`: whether the request could be taken from the bucket. */
  const enter = (entering: Entering, isPaid: boolean, request: FastifyRequest, reply: FastifyReply) => {
    const { principal, scopes, bucket } = entering
    request.principal = principal
    request.bucket = bucket
    reply.header('ratelimit-limit', bucket.limit)
    reply.header('ratelimit-remaining', bucket.remaining)
    reply.header('ratelimit-reset', bucket.resetSeconds)
    if (!isPaid) return tooManyRequests(bucket)
    if (scope !== 'any' && !scopes.has(scope)) return notAuthorized(scope)
    return principal.credential === 'session' ? csrfFault(principal, request) : undefined
  }

  async function openAndEnter(request: FastifyRequest, reply: FastifyReply) {
    try {
      const { principal, scopes, ...verified } = await authenticate(
        () => presentedIn(request.headers),
        addressOf(request)
      )
      const bucket = bucketOf ? await bucketOf(principal) : verified.bucket
      return enter({ principal, scopes, bucket }, await rateLimiter.spend(bucket), request, reply)
    } catch (error) {
      return error as Error
    }
  }

  const known = (request: FastifyRequest, now: number) => {
    const header = authorizationOf(request)
    if (header !== undefined) return verifiedTokens.known(header, now)
    const token = sessionIn(request.headers)
    return token === undefined ? undefined : sessions.known(headerOf(token), now)
  }

  return (request, reply, proceed) => {
    request.startedAt = performance.now()
    reply.header(...SECURITY_HEADER)
    if (app.isOverloaded()) return proceed(overloaded())
    const now = Date.now()
    const verified = bucketOf ? undefined : known(request, now)
    if (verified && !verified.bucket.isAhead)
      return proceed(enter(verified, verified.bucket.spend(now), request, reply))
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
