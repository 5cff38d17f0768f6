import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { FastifyAdapter } from '@bull-board/fastify'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { ApiError, NotAuthenticated } from '../errors.ts'
import type { JobQueues } from '../jobs/queue.ts'
import { translate } from '../error-translation.ts'
import { logFailure } from '../failure-log.ts'
import { sendError } from './error-handler.ts'
import { sessionIn } from '../auth/credential.ts'
import { addressOf } from '../auth/network.ts'
import type { Principal, Scope } from '../auth/principal.ts'
import { refuseOtherSites } from '../auth/sessions.ts'
import { checkBoardRoute, inOneBody, refusalOf, withoutForeignFonts } from './queue-board.ts'

const BOARD = '/admin/queues'
const SIGN_IN = `/sign-in?next=${BOARD}`

const PAGE_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
  // The board brings styles of its own.
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
 * The queue board, for administrators' browsers: the session of the console opens it, where its key grants admin scopes. It
 * has a gate of its own, which sends a browser that is not signed in to the console's sign-in page.
 */
export const adminPages: FastifyPluginAsync<AdminPagesOptions> = async (app, { queues, log }) => {
  const hidden = { schema: { hide: true } }
  app.decorate('defaultAccess', 'none')
  app.addHook('onRequest', async (request, reply) => {
    request.startedAt = performance.now() // the gate's hook comes after `admit`, which may answer
    reply.headers(PAGE_HEADERS)
  })
  app.setErrorHandler((error: Error, request, reply) => {
    const answer = translate(error)
    if (answer.statusCode >= 500) logFailure(log, request, error, answer)
    if (isNavigation(request) && answer.statusCode === 403) return reply.redirect(`${SIGN_IN}&refused`, 303)
    return sendError(request, reply, answer)
  })
  for (const path of ['/', '/login']) app.get(path, hidden, async (_request, reply) => reply.redirect(BOARD, 303))

  const board = new FastifyAdapter().setBasePath(BOARD)
  createBullBoard({
    queues: Object.values(queues.queues).map((queue) => new BullMQAdapter(queue)),
    serverAdapter: board,
    options: { uiConfig: { boardTitle: 'Quotewire', miscLinks: [{ text: 'Console', url: '/' }] } }
  })
  // What fails is answered and logged as everywhere; the board would show its text.
  board.setErrorHandler((error) => {
    throw refusalOf(error)
  })
  await app.register(async (guarded) => {
    guarded.addHook('onRequest', (request, reply) => admit(app, request, reply))
    guarded.addHook('onRoute', checkBoardRoute)
    guarded.addHook('preSerialization', inOneBody)
    guarded.addHook('onSend', withoutForeignFonts)
    await guarded.register(board.registerPlugin(), { prefix: '/queues' })
  })
}

/** Lets a request through to the board, or answers it. What changes something takes admin:write and is written down. */
async function admit(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const principal = await principalOf(app, request)
  if (!principal) {
    if (isNavigation(request)) return reply.redirect(SIGN_IN, 303)
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

async function principalOf(app: FastifyInstance, request: FastifyRequest): Promise<Principal | undefined> {
  const session = sessionIn(request.headers)
  if (session === undefined) return undefined
  try {
    return (await app.authenticate(() => ({ session }), addressOf(request))).principal
  } catch (error) {
    if (error instanceof NotAuthenticated) return undefined
    throw error
  }
}

function mustGrant({ scopes }: Principal, scope: Scope): void {
  if (!scopes.includes(scope)) throw new ApiError('NOT_AUTHORIZED', 403, `Your key does not grant ${scope}`)
}

function isNavigation({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes('text/html') ?? false
}
