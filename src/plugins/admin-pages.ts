import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { FastifyAdapter } from '@bull-board/fastify'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { ApiError } from '../errors.ts'
import type { JobQueues } from '../jobs/queue.ts'
import { translate } from '../error-translation.ts'
import { logFailure, sendError } from './error-handler.ts'
import { loginPage, logoutPage } from './login-page.ts'
import { countingMalformed } from '../auth/malformed-keys.ts'
import { addressOf, networkOf } from '../auth/network.ts'
import type { Principal, Scope } from '../auth/principal.ts'
import { tooManyRequests, type Bucket } from '../auth/rate-limiter.ts'
import { checkBoardRoute, inOneBody, refusalOf } from './queue-board.ts'

const COOKIE = 'quotewire_admin'
const ROOT = '/admin'
const LOGIN = `${ROOT}/login`
const LOGOUT = `${ROOT}/logout`
const BOARD = `${ROOT}/queues`
const MAX_FORM_BYTES = 4096
const LOGINS_PER_MINUTE = 20

const PAGE_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
  // The board brings styles of its own; its fonts from elsewhere are left out.
  'content-security-policy': [
    "default-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'"
  ].join('; ')
}

export type AdminPagesOptions = { queues: Pick<JobQueues, 'queues'>; log: Logger }

/**
 * Pages for administrators' browsers: a login that exchanges an API key for a cookie, and the queue board behind it. The
 * cookie holds a token for these pages alone, with admin scopes alone, which scripts cannot read and other sites cannot make
 * a browser send. The API takes no such token and these pages take none of the API: they have a gate of their own.
 */
export const adminPages: FastifyPluginAsync<AdminPagesOptions> = async (app, { queues, log }) => {
  const hidden = { schema: { hide: true } }
  app.decorate('defaultAccess', 'none')
  app.addHook('onRequest', async (request, reply) => {
    request.startedAt = performance.now() // the gate's hook comes after `admit`, which may answer
    reply.headers(PAGE_HEADERS)
  })
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: MAX_FORM_BYTES },
    (_request, body, done) => done(null, new URLSearchParams(String(body)))
  )
  app.setErrorHandler((error: Error, request, reply) => {
    const answer = translate(error)
    if (answer.statusCode >= 500) logFailure(log, request, error, answer)
    if (!isNavigation(request) || answer.statusCode >= 500) return sendError(request, reply, answer)
    return reply.code(answer.statusCode).type('text/html').send(loginPage(LOGIN, answer.message))
  })

  app.get('/', hidden, async (_request, reply) => reply.redirect(BOARD, 303))
  app.get('/login', hidden, async (_request, reply) => reply.type('text/html').send(loginPage(LOGIN)))
  app.post('/login', { ...hidden, errorHandler: countingMalformed(signInsOf) }, async (request, reply) => {
    refuseOtherSites(request)
    const { token, maxAgeSeconds } = await signIn(app, request)
    return reply.header('set-cookie', cookieOf(request, token, maxAgeSeconds)).redirect(BOARD, 303)
  })
  app.get('/logout', hidden, async (_request, reply) => reply.type('text/html').send(logoutPage(LOGOUT)))
  app.post('/logout', hidden, async (request, reply) => {
    refuseOtherSites(request)
    await signOut(app, request)
    return reply.header('set-cookie', cookieOf(request, '', 0)).redirect(LOGIN, 303)
  })

  const board = new FastifyAdapter().setBasePath(BOARD)
  createBullBoard({
    queues: Object.values(queues.queues).map((queue) => new BullMQAdapter(queue)),
    serverAdapter: board,
    options: { uiConfig: { boardTitle: 'Quotewire', miscLinks: [{ text: 'Sign out', url: LOGOUT }] } }
  })
  // What fails is answered and logged as everywhere; the board would show its text.
  board.setErrorHandler((error) => {
    throw refusalOf(error)
  })
  await app.register(async (guarded) => {
    guarded.addHook('onRequest', (request, reply) => admit(app, request, reply))
    guarded.addHook('onRoute', checkBoardRoute)
    guarded.addHook('preSerialization', inOneBody)
    await guarded.register(board.registerPlugin(), { prefix: '/queues' })
  })
}

/** They have tries of their own: an office whose scripts send wrong keys can still sign in. */
const signInsOf = (request: FastifyRequest): Promise<Bucket> =>
  request.server.rateLimiter.bucket(`login:${networkOf(addressOf(request))}`, LOGINS_PER_MINUTE)

/** Throws NOT_AUTHENTICATED, NOT_AUTHORIZED or RATE_LIMITED. */
async function signIn(app: FastifyInstance, request: FastifyRequest) {
  const { body } = request
  const tries = await signInsOf(request)
  const apiKey = body instanceof URLSearchParams ? body.get('apiKey')?.trim() : undefined
  const holder = await app.verifyKey(apiKey ?? '', addressOf(request), tries)
  if (!tries.spend(Date.now())) throw tooManyRequests(tries, 1, 'sign-ins from one address')
  mustGrant(holder, 'admin:read')
  const scopes = holder.scopes.filter((scope) => scope.startsWith('admin:'))
  const { token, expiresAt } = app.tokens.issue({ ...holder, scopes }, 'admin-pages')
  await app.stores.audit.append({ actor: holder.name, action: 'admin-pages.sign-in', target: holder.keyId })
  return { token, maxAgeSeconds: Math.floor((expiresAt.getTime() - Date.now()) / 1000) }
}

/** Ends the cookie's token, in every process; a browser that has none is signed out already. */
async function signOut(app: FastifyInstance, request: FastifyRequest): Promise<void> {
  const principal = await principalOf(app, request)
  if (!principal) return
  await app.revocations.revoke(`token:${principal.tokenId}`)
  await app.stores.audit.append({ actor: principal.name, action: 'admin-pages.sign-out', target: principal.keyId })
}

/** Lets a request through to the board, or answers it. What changes something takes admin:write and is written down. */
async function admit(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const principal = await principalOf(app, request)
  if (!principal) {
    if (isNavigation(request)) return reply.redirect(LOGIN, 303)
    throw new ApiError('NOT_AUTHENTICATED', 401, 'Sign in first')
  }
  const isReading = request.method === 'GET' || request.method === 'HEAD'
  mustGrant(principal, 'admin:read')
  if (!isReading) {
    mustGrant(principal, 'admin:write')
    refuseOtherSites(request)
    const target = `${request.method} ${request.url.slice(BOARD.length)}`
    await app.stores.audit.append({ actor: principal.name, action: 'queue-board', target })
  }
  return undefined
}

async function principalOf(app: FastifyInstance, { headers }: FastifyRequest): Promise<Principal | undefined> {
  const token = new RegExp(`(?:^|; )${COOKIE}=([\\w.-]+)`).exec(headers.cookie ?? '')?.[1]
  if (token === undefined) return undefined
  const principal = await app.tokens.verify(token, 'admin-pages').catch(() => undefined)
  return principal && !app.revocations.isRevoked(principal) ? principal : undefined
}

function mustGrant({ scopes }: Principal, scope: Scope): void {
  if (!scopes.includes(scope)) throw new ApiError('NOT_AUTHORIZED', 403, `Your key does not grant ${scope}`)
}

/** Browsers say which site makes them send something; a request that says another one, or nothing, is refused. */
function refuseOtherSites({ headers, host }: FastifyRequest): void {
  const { origin } = headers
  // The origin of a page that has none, as of a file or a sandboxed frame, is the word null.
  const isOurs = headers['sec-fetch-site'] === 'same-origin' || URL.parse(origin ?? '')?.host === host
  if (!isOurs) throw new ApiError('NOT_AUTHORIZED', 403, 'This must be sent from the page itself')
}

function cookieOf({ protocol }: FastifyRequest, token: string, maxAgeSeconds: number): string {
  const secure = protocol === 'https' ? '; Secure' : ''
  return `${COOKIE}=${token}; Path=${ROOT}; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure}`
}

function isNavigation({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes('text/html') ?? false
}
