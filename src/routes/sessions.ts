import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import { isApiKey, presentedIn, sessionIn, type Presented } from '../auth/credential.ts'
import { countingMalformed } from '../auth/malformed-keys.ts'
import { addressOf, networkOf } from '../auth/network.ts'
import { Plan, Scope, type Principal } from '../auth/principal.ts'
import { tooManyRequests, type Bucket } from '../auth/rate-limiter.ts'
import {
  clearSession,
  csrfFault,
  csrfTokenOf,
  isDueForRenewal,
  refuseOtherSites,
  setSession
} from '../auth/sessions.ts'
import { ApiError, NotAuthenticated } from '../errors.ts'
import { isoOf } from '../market/time.ts'

const MAX_LENGTH = 200
const SIGN_INS_PER_MINUTE = 20

const Secret = (description: string, example: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: MAX_LENGTH, description, examples: [example] }))
const SignIn = Type.Object(
  { apiKey: Secret('An API key', 'qw_...'), code: Secret('A one-time code in its place', 'qs_...') },
  { additionalProperties: false, minProperties: 1, maxProperties: 1 }
)
const CodeOnly = Type.Object(
  { code: Type.String({ minLength: 1, maxLength: MAX_LENGTH, description: 'A one-time code', examples: ['qs_...'] }) },
  { additionalProperties: false }
)
const CodeHolder = Type.Object({
  name: Type.String({ description: 'Whose key it is' }),
  scopes: Type.Array(Scope)
})
const SignedIn = Type.Object({
  signedIn: Type.Literal(true),
  name: Type.String({ description: 'Whose key it is' }),
  plan: Plan,
  scopes: Type.Array(Scope),
  csrfToken: Type.String({ description: 'To be sent as X-CSRF-Token with every request that is no GET' }),
  expiresAt: Type.String({ format: 'date-time', description: 'Unless it is asked for again before' })
})
const SignedOut = Type.Object({
  signedIn: Type.Literal(false),
  reason: Type.Optional(Type.String({ description: 'Why a cookie counts no longer' }))
})
const SignInCode = Type.Object({
  code: Type.String(),
  path: Type.String({ description: 'Where a browser is signed in by it, on this server' }),
  expiresAt: Type.String({ format: 'date-time' })
})

function spendSignIn(tries: Bucket): void {
  if (!tries.spend(Date.now())) throw tooManyRequests(tries, 1, 'sign-ins from one address')
}

const errors = { 401: Type.Ref('ErrorBody#'), 403: Type.Ref('ErrorBody#'), 429: Type.Ref('ErrorBody#') }

/**
 * Sessions of browsers: a key that was shown once lives on in a cookie that no script reads, for the console and the queue
 * board. It counts where no header says who one is, as long as the key does.
 */
export const sessionRoutes: FastifyPluginAsyncTypebox = async (app) => {
  /** They have tries of their own: an office whose scripts send wrong keys can still sign in. */
  const signInsOf = (request: FastifyRequest): Promise<Bucket> =>
    app.rateLimiter.bucket(`login:${networkOf(addressOf(request))}`, SIGN_INS_PER_MINUTE)

  const answerOf = (principal: Principal, expiresAt: number): Static<typeof SignedIn> => ({
    signedIn: true,
    name: principal.name,
    plan: principal.plan,
    scopes: [...principal.scopes],
    csrfToken: csrfTokenOf(principal),
    expiresAt: isoOf(expiresAt)
  })

  /** Signs in as the holder: what is answered is of the session as it will be read from the cookie. */
  async function begin(holder: Principal, request: FastifyRequest, reply: FastifyReply) {
    const session = { ...holder, tokenId: crypto.randomUUID() }
    const expiresAt = setSession(app, request, reply)(session)
    await app.stores.audit.append({ actor: holder.name, action: 'console.sign-in', target: holder.keyId })
    return answerOf(session, expiresAt.getTime())
  }

  /** Each code is a try: whether one is right cannot be told without using it up. */
  async function keyOf(read: () => Promise<Presented>, tries: Bucket): Promise<string> {
    spendSignIn(tries)
    const held = await read()
    if (typeof held !== 'string') throw new NotAuthenticated('ticket', 'The sign-in code stands for no key')
    return held
  }

  /**
   * The session of this browser that a new one is to replace, if it counts. Only a page of that session may do so: it knows
   * the CSRF token.
   */
  async function replacedBy(request: FastifyRequest): Promise<Principal | undefined> {
    const session = sessionIn(request.headers)
    if (session === undefined) return undefined
    try {
      const { principal } = await app.authenticate(() => ({ session }), addressOf(request))
      const fault = csrfFault(principal, request)
      if (fault) throw fault
      return principal
    } catch (error) {
      if (error instanceof NotAuthenticated) return undefined
      throw error
    }
  }

  app.post(
    '/session',
    {
      config: { access: 'none' },
      errorHandler: countingMalformed(signInsOf),
      schema: {
        operationId: 'signIn',
        summary: 'Signs a browser in, by an API key or a one-time code',
        description:
          'Sets the cookie `quotewire_session`. It must be sent from a page of this server. The cookie opens the API where ' +
          'a request has neither Authorization nor X-API-Key; what is no GET then needs X-CSRF-Token too, and so does this ' +
          'route where a session is replaced.',
        tags: ['auth'],
        body: SignIn,
        response: { 200: SignedIn, ...errors, 503: Type.Ref('ErrorBody#') }
      }
    },
    async (request, reply) => {
      refuseOtherSites(request)
      reply.header('cache-control', 'no-store')
      const replaced = await replacedBy(request)
      const tries = await signInsOf(request)
      const { apiKey = '', code } = request.body
      const key = code === undefined ? apiKey.trim() : await keyOf(() => app.signInCodes.redeem(code), tries)
      const holder = await app.verifyKey(key, addressOf(request), tries)
      if (code === undefined) spendSignIn(tries)
      if (replaced) await app.revocations.revoke(`token:${replaced.tokenId!}`)
      return begin(holder, request, reply)
    }
  )

  app.get(
    '/session',
    {
      config: { access: 'none' },
      schema: {
        operationId: 'getSession',
        summary: 'Whether this browser is signed in, what it may do, and its CSRF token; keeps it signed in',
        tags: ['auth'],
        response: { 200: Type.Union([SignedIn, SignedOut]), 429: errors[429], 503: Type.Ref('ErrorBody#') }
      }
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store')
      const session = sessionIn(request.headers)
      if (session === undefined) return { signedIn: false as const }
      try {
        const { principal } = await app.authenticate(() => ({ session }), addressOf(request))
        if (!isDueForRenewal(principal, Date.now())) return answerOf(principal, principal.expiresAt)
        return answerOf(principal, setSession(app, request, reply)({ ...principal, ...principal.renewal }).getTime())
      } catch (error) {
        if (!(error instanceof NotAuthenticated)) throw error
        // The cookie stays: whatever of the page asks next is told the reason too.
        return { signedIn: false as const, reason: error.message }
      }
    }
  )

  app.delete(
    '/session',
    {
      config: { access: 'any' },
      schema: {
        operationId: 'signOut',
        summary: 'Ends the session of this browser, and its live connections',
        tags: ['auth'],
        response: { 204: Type.Null(), 409: Type.Ref('ErrorBody#') }
      }
    },
    async (request, reply) => {
      const { credential, tokenId, name, keyId } = request.principal!
      if (credential !== 'session') throw new ApiError('NO_SESSION', 409, 'A key or a token is no session to be ended')
      clearSession(request, reply)
      await app.revocations.revoke(`token:${tokenId!}`)
      await app.stores.audit.append({ actor: name, action: 'console.sign-out', target: keyId })
      return reply.code(204).send(null)
    }
  )

  app.post(
    '/sign-in-code/holder',
    {
      config: { access: 'none' },
      errorHandler: countingMalformed(signInsOf),
      schema: {
        operationId: 'getSignInCodeHolder',
        summary: 'As whom a one-time code would sign in, which does not use it up',
        description:
          'What a page asks before it signs somebody in by a link. It must be sent from a page of this server.',
        tags: ['auth'],
        body: CodeOnly,
        response: { 200: CodeHolder, ...errors, 503: Type.Ref('ErrorBody#') }
      }
    },
    async (request, reply) => {
      refuseOtherSites(request)
      reply.header('cache-control', 'no-store')
      const tries = await signInsOf(request)
      const key = await keyOf(() => app.signInCodes.look(request.body.code), tries)
      const { name, scopes } = await app.verifyKey(key, addressOf(request), tries)
      return { name, scopes: [...scopes] }
    }
  )

  app.post(
    '/sign-in-code',
    {
      config: { access: 'any' },
      schema: {
        operationId: 'createSignInCode',
        summary: 'Makes a code that signs one browser in with the API key that asks, within ten minutes',
        tags: ['auth'],
        response: { 200: SignInCode }
      }
    },
    async (request, reply) => {
      const key = presentedIn(request.headers)
      // What ends in some minutes must not become what lasts.
      if (typeof key !== 'string' || !isApiKey(key))
        throw new ApiError('NOT_AUTHORIZED', 403, 'Only an API key can be signed in with')
      const { ticket: code, expiresAt } = await app.signInCodes.issue(key)
      reply.header('cache-control', 'no-store')
      return { code, path: `/#sign-in=${code}`, expiresAt: expiresAt.toISOString() }
    }
  )
}
