import { ServerResponse, type IncomingMessage } from 'node:http'
import type { Server } from 'socket.io'
import { ApiError, overloaded } from '../errors.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { endWithError, refuse } from '../unrouted-answers.ts'

const METHODS = ['GET', 'POST']

/** What Engine.IO tells of a request that it is about to refuse. */
type ConnectionError = { req: IncomingMessage; message: string; context?: { name?: string; message?: string } }

/**
 * Answers what Engine.IO refuses of handshakes and of long polling in the one body and with the API's statuses: by itself
 * it has bodies of its own or none, and takes a wrong method for a failure of the server.
 */
export function refuseInOneBody(engine: Server['engine'], metrics: Pick<Metrics, 'unmatched'>): void {
  const reasons = new WeakMap<IncomingMessage, ApiError>()

  engine.on('connection_error', (refused: ConnectionError) => {
    const reason = reasonOf(refused)
    // Of a handshake that is no upgrade the response follows.
    if ('res' in refused.req) reasons.set(refused.req, reason)
    else {
      metrics.unmatched(reason.statusCode)
      endWithError(refused.req.socket, reason, retryAfterOf(reason))
    }
  })
  engine.use((request: IncomingMessage, response: ServerResponse, proceed: () => void) => {
    // Of an upgrade it is a stand-in, which writes nothing.
    if (!(response instanceof ServerResponse)) return proceed()
    const refuseFor = (reason: ApiError) => {
      metrics.unmatched(reason.statusCode)
      const allow = reason.statusCode === 405 && { allow: METHODS.join(', ') }
      refuse(response, reason, { ...retryAfterOf(reason), ...allow })
    }
    const fault = faultOf(request)
    if (fault) return refuseFor(fault)
    insteadOfErrors(response, (status) => refuseFor(reasons.get(request) ?? pollingFault(status)))
    proceed()
  })
}

/** What Engine.IO would take for its own failure, or wait for without end. */
function faultOf({ method = '', headers }: IncomingMessage): ApiError | undefined {
  if (!METHODS.includes(method)) {
    const message = `This address does not take ${method}, but ${METHODS.join(', ')}`
    return new ApiError('METHOD_NOT_ALLOWED', 405, message, { details: { allowed: METHODS } })
  }
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
  return method === 'POST' && !hasBody ? new ApiError('MALFORMED_REQUEST', 400, 'The message is missing') : undefined
}

function reasonOf({ message, context = {} }: ConnectionError): ApiError {
  if (context.message === 'OVERLOADED') return overloaded()
  if (context.message === 'MALFORMED_REQUEST') {
    return new ApiError('MALFORMED_REQUEST', 400, 'The request repeats a header that may come once')
  }
  const details = { reason: context.name ?? message }
  return new ApiError('BAD_HANDSHAKE', 400, `This is no handshake of Socket.IO: ${message}`, { details })
}

const retryAfterOf = ({ retryAfterSeconds }: ApiError): Record<string, string> =>
  retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }

function pollingFault(status: number): ApiError {
  if (status === 413) return new ApiError('BODY_TOO_LARGE', 413, 'The message is too large')
  return new ApiError('MALFORMED_REQUEST', 400, 'Requests of one connection overlap, or what was sent is no message')
}

/** Calls `answer` in place of a response with a status from 400 on. Until then the response's own methods are covered. */
function insteadOfErrors(response: ServerResponse, answer: (status: number) => void): void {
  const covered = response as { writeHead?: unknown; end?: unknown }
  covered.writeHead = (status: number, ...rest: never[]) => {
    delete covered.writeHead
    if (status < 400) return response.writeHead(status, ...rest)
    covered.end = () => {
      delete covered.end
      answer(status)
      return response
    }
    return response
  }
}
