import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Logger } from 'pino'
import { ApiError, type ErrorBody } from '../errors.ts'
import { fieldErrorOf } from './field-error.ts'
import { SECURITY_HEADER } from './security-headers.ts'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** Answers every error in the one body, logs those of our own making once, and never shows a stack or a 5xx's message. */
export const errorHandler = fp<{ log: Logger }>(
  async (app, { log }) => {
    app.setErrorHandler((error: FastifyError | Error, request, reply) => {
      const answer = translate(error)
      if (answer.statusCode >= 500) logFailure(log, request, error, answer)
      sendError(request, reply, answer)
      const { config, method, url } = request.routeOptions
      if (config?.finishesItself) app.traffic.route(String(method), url!).finished(request, answer.statusCode)
    })

    app.setNotFoundHandler((request, reply) => {
      const path = request.url.split('?', 1)[0]!
      const allowed = METHODS.filter((method) => app.findRoute({ method, url: path }) !== null)
      reply.header(...SECURITY_HEADER)
      if (allowed.length === 0) {
        return sendError(request, reply, new ApiError('ROUTE_NOT_FOUND', 404, `There is no ${request.method} ${path}`))
      }
      reply.header('allow', allowed.join(', '))
      const message = `${path} does not take ${request.method}, but ${allowed.join(', ')}`
      return sendError(request, reply, new ApiError('METHOD_NOT_ALLOWED', 405, message, { details: { allowed } }))
    })
  },
  { name: 'error-handler', dependencies: ['traffic'] }
)

/** For errors that Fastify finds before any route: an address that cannot be decoded. */
export function answerFrameworkError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  sendError(request, reply.header(...SECURITY_HEADER), translate(error))
}

/** For bytes that are not HTTP, or headers that are too large: there is no request yet, so the answer goes by hand. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
  const reason = STATUS_CODES[status]!
  const body = JSON.stringify(bodyOf(new ApiError('MALFORMED_REQUEST', status, reason), ''))
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
}

function sendError(request: FastifyRequest, reply: FastifyReply, error: ApiError): void {
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', Math.ceil(error.retryAfterSeconds))
  if (error.statusCode === 401) reply.header('www-authenticate', 'Bearer')
  reply
    .code(error.statusCode)
    .header('x-request-id', request.id)
    .header('cache-control', 'no-store')
    .header('content-type', 'application/json; charset=utf-8')
    .send(JSON.stringify(bodyOf(error, request.id)))
}

function bodyOf({ code, message, details }: ApiError, requestId: string): ErrorBody {
  return { error: { code, message, requestId, ...(details !== undefined && { details }) } }
}

function logFailure(log: Logger, request: FastifyRequest, err: Error, { code, statusCode }: ApiError): void {
  const line = { err, code, requestId: request.id, method: request.method, route: request.routeOptions.url }
  if (statusCode === 500) log.error(line, 'request failed')
  else log.warn(line, 'request could not be answered')
}

const STORE_UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  '57P01', // Postgres: terminated by an administrator
  '57P03' // Postgres: starting up or shutting down
])

/** Fastify's own refusals by its stable codes, in our words. */
const REFUSALS: Record<string, readonly [code: string, status: number, message: string]> = {
  FST_ERR_CTP_INVALID_JSON_BODY: ['MALFORMED_JSON', 400, 'The body is not valid JSON'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['MALFORMED_JSON', 400, 'The body is empty; send JSON'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['MALFORMED_REQUEST', 400, 'The body is not as long as Content-Length says'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['BODY_TOO_LARGE', 413, 'The body is too large'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['UNSUPPORTED_MEDIA_TYPE', 415, 'Send the body as application/json'],
  FST_ERR_BAD_URL: ['MALFORMED_URL', 400, 'The address cannot be decoded']
}

function translate(error: FastifyError | Error): ApiError {
  if (error instanceof ApiError) return error
  if ('validation' in error && error.validation) return fieldErrorOf(error)
  const code = ('code' in error && error.code) || (error.cause as { code?: string } | undefined)?.code || ''
  const refusal = REFUSALS[code]
  if (refusal) return new ApiError(...refusal)
  if (STORE_UNREACHABLE.has(code) || error.name === 'MaxRetriesPerRequestError') {
    return new ApiError('STORE_UNAVAILABLE', 503, 'A database that this needs is away', { retryAfterSeconds: 5 })
  }
  const status = 'statusCode' in error ? error.statusCode : undefined
  if (status !== undefined && status >= 400 && status < 500) return new ApiError('BAD_REQUEST', status, error.message)
  return new ApiError('INTERNAL_ERROR', 500, 'The server failed; the log has the reason under this request id')
}
