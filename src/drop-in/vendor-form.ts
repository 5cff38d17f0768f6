import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { SECURITY_HEADER } from '../auth/security-headers.ts'
import { translate } from '../error-translation.ts'
import { ApiError } from '../errors.ts'
import { logFailure } from '../failure-log.ts'
import { wireJson } from './wire-json.ts'

/** What a vendor answers in place of an error of ours. */
export type VendorError = { readonly status: number; readonly body: object }

/** Lets a scope answer all errors in its vendor's form, those that no route has too. */
export function answerInForm(
  app: FastifyInstance,
  log: Logger,
  form: (error: ApiError, id: string) => VendorError
): void {
  const send = (request: FastifyRequest, reply: FastifyReply, error: ApiError) => {
    const { status, body } = form(error, request.id)
    if (error.retryAfterSeconds !== undefined) reply.header('retry-after', Math.ceil(error.retryAfterSeconds))
    reply.header('x-request-id', request.id)
    return sendJson(reply.code(status), body)
  }
  app.setErrorHandler((error: FastifyError | Error, request, reply) => {
    const answer = translate(error)
    if (answer.statusCode >= 500) logFailure(log, request, error, answer)
    return send(request, reply, answer)
  })
  app.setNotFoundHandler((request, reply) => {
    app.metrics.unmatched(404)
    const path = request.url.split('?', 1)[0]!
    const answer = new ApiError('ROUTE_NOT_FOUND', 404, `There is no ${request.method} ${path}`)
    return send(request, reply.header(...SECURITY_HEADER), answer)
  })
}

/** Whole numbers that no double holds included. No cache keeps it. */
export function sendJson(reply: FastifyReply, body: object): FastifyReply {
  return reply
    .header('cache-control', 'no-store')
    .header('content-type', 'application/json; charset=utf-8')
    .send(wireJson(body))
}

/** Lets a scope take a key from where its vendor's clients have it. What comes as our own clients send it comes first. */
export function takeKeyFrom(app: FastifyInstance, keyIn: (request: FastifyRequest) => string | undefined): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request
    const isBasic = headers.authorization?.startsWith('Basic ') ?? false
    if (headers['x-api-key'] === undefined && (headers.authorization === undefined || isBasic)) {
      const key = keyIn(request)
      if (key !== undefined && key !== '') headers.authorization = `Bearer ${key}`
    }
    done()
  })
}

/** The field that a request has wrong, and what of it; undefined for other errors. */
export function wrongFieldOf({ code, details }: ApiError): { field: string; message: string } | undefined {
  return code === 'INVALID_REQUEST' ? (details as { field: string; message: string }) : undefined
}

/** Said of a field that the schema of a query does not have. */
export const UNKNOWN_FIELD = 'is not known here'
