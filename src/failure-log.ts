import type { FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { ApiError, MarketDataUnavailable } from './errors.ts'

/** Where an error is one of ours, where it was thrown tells nothing; what it rests on may. */
export function logFailure(log: Logger, request: FastifyRequest, error: Error, { code, statusCode }: ApiError): void {
  const about =
    error instanceof ApiError ? { reason: error.message, details: error.details, err: error.cause } : { err: error }
  const line = { ...about, code, requestId: request.id, method: request.method, route: request.routeOptions.url }
  if (statusCode === 500) log.error(line, 'request failed')
  // Whoever asks for names that nobody knows would fill the log at the pace of the requests.
  else if (error instanceof MarketDataUnavailable && (error.isUnconfirmed || statusCode === 404))
    log.debug(line, 'no vendor has what was asked for')
  else log.warn(line, 'request could not be answered')
}
