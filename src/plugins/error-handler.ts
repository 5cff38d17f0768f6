import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Logger } from 'pino'
import { translate, withSuggestions } from '../error-translation.ts'
import { ApiError } from '../errors.ts'
import { logFailure } from '../failure-log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { bodyOf, endWithError } from '../unrouted-answers.ts'
import { SECURITY_HEADER } from '../auth/security-headers.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** Answers every error in the one body, logs those of our own making once, and never shows a stack or a 5xx's message. */
export const errorHandler = fp<{ log: Logger }>(
  async (app, { log }) => {
    app.setErrorHandler((error: FastifyError | Error, request, reply) => {
      const answer = withSuggestions(translate(error), app.marketData)
      if (answer.statusCode >= 500) logFailure(log, request, error, answer)
      sendError(request, reply, answer)
      const { config, method, url } = request.routeOptions
      if (config?.finishesItself) app.traffic.route(String(method), url!).finished(request, answer.statusCode)
    })

    const answerUnrouted = async (request: FastifyRequest, reply: FastifyReply) => {
      const answer = notFound(app, request)
      if (answer.statusCode === 404 && isPerson(request)) {
        app.metrics.unmatched(404)
        return app.sendConsole(request, reply.header(...SECURITY_HEADER).code(404))
      }
      if (answer.statusCode === 405) reply.header('allow', (answer.details as { allowed: string[] }).allowed.join(', '))
      sendError(request, reply.header(...SECURITY_HEADER), answer)
      app.metrics.unmatched(answer.statusCode)
      return reply
    }
    await app.register(async (scope) => {
      // Answered by a hook, so that no body is read that nobody takes; the handler is asked by folders of files.
      scope.addHook('onRequest', answerUnrouted)
      scope.setNotFoundHandler(answerUnrouted)
    })
  },
  { name: 'error-handler', dependencies: ['traffic', 'resources'] }
)

/** Whoever mistypes an address into a browser is shown a page that says so. */
const isPerson = ({ method, headers }: FastifyRequest): boolean =>
  method === 'GET' && headers.accept?.includes('text/html') === true

/** A folder of files takes every address under it, and says afterwards that a file is not there. */
function notFound(app: FastifyInstance, { method, url }: FastifyRequest): ApiError {
  const path = url.split('?', 1)[0]!
  const allowed: string[] = METHODS.filter((each) => app.findRoute({ method: each, url: path }) !== null)
  if (allowed.length === 0 || allowed.includes(method)) {
    return new ApiError('ROUTE_NOT_FOUND', 404, `There is no ${method} ${path}`)
  }
  const message = `${path} does not take ${method}, but ${allowed.join(', ')}`
  return new ApiError('METHOD_NOT_ALLOWED', 405, message, { details: { allowed } })
}

/** For errors that Fastify finds before any route: an address that cannot be decoded. */
export function answerFrameworkError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const answer = translate(error)
  sendError(request, reply.header(...SECURITY_HEADER), answer)
  request.server.metrics.unmatched(answer.statusCode)
}

/** For bytes that are not HTTP, or headers that are too large. */
export function answerClientError(
  error: NodeJS.ErrnoException,
  socket: Socket,
  metrics: Pick<Metrics, 'unmatched'>
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return
  const answer = new ApiError(...(PROTOCOL_ERRORS[error.code ?? ''] ?? NOT_HTTP))
  metrics.unmatched(answer.statusCode)
  endWithError(socket, answer)
}

const NOT_HTTP = ['MALFORMED_REQUEST', 400, 'The request is not valid HTTP'] as const
const PROTOCOL_ERRORS: Record<string, readonly [code: string, status: number, message: string]> = {
  HPE_HEADER_OVERFLOW: ['HEADERS_TOO_LARGE', 431, 'The headers are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['REQUEST_TIMEOUT', 408, 'The request did not arrive in time']
}

/** In the one body, with the headers that belong to its status. */
export function sendError(request: FastifyRequest, reply: FastifyReply, error: ApiError): void {
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', Math.ceil(error.retryAfterSeconds))
  if (error.statusCode === 401) reply.header('www-authenticate', 'Bearer')
  reply
    .code(error.statusCode)
    .header('x-request-id', request.id)
    .header('cache-control', 'no-store')
    .header('content-type', 'application/json; charset=utf-8')
    .send(JSON.stringify(bodyOf(error, request.id)))
}
