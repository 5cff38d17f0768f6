import type { FastifyError } from 'fastify'
import { ApiError, SymbolNotFound } from './errors.ts'
import type { MarketData } from './market/market-data.ts'

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

/** What the API says of an error. Nobody is told of a failure of ours more than that it happened. */
export function translate(error: FastifyError | Error): ApiError {
  if (error instanceof ApiError) return error
  if (isAborted(error)) return new ApiError('REQUEST_ABORTED', 400, 'The request ended before all of it was there')
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

/** What may have been meant is looked for once, and only where a person or a program asked for that one symbol. */
export function withSuggestions(error: ApiError, marketData: Pick<MarketData, 'suggest'>): ApiError {
  if (!(error instanceof SymbolNotFound)) return error
  const { symbol, attempts } = error.details
  return new SymbolNotFound(symbol, attempts, marketData.suggest(symbol))
}

/** A client that goes away while it sends looks to Node like any connection that was lost, a database's for example. */
function isAborted(error: FastifyError | Error): boolean {
  return 'code' in error && error.code === 'ECONNRESET' && 'statusCode' in error && error.statusCode === 400
}
