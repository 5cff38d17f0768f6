import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { SECURITY_HEADER } from './auth/security-headers.ts'
import type { ApiError, ErrorBody } from './errors.ts'

/** An answer by hand, where there is no request or none that Node answers any more; the connection ends with it. */
export function endWithError(socket: Duplex, error: ApiError, headers: Record<string, string> = {}): void {
  const body = JSON.stringify(bodyOf(error, ''))
  const lines = Object.entries({ ...UNROUTED_HEADERS, 'content-length': Buffer.byteLength(body), ...headers })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${error.statusCode} ${STATUS_CODES[error.statusCode]}\r\n${head}\r\n${body}`)
}

/** For a request that is refused before Fastify has it; the connection ends with the answer. */
export function refuse(response: ServerResponse, error: ApiError, headers: Record<string, string> = {}): void {
  const body = JSON.stringify(bodyOf(error, ''))
  const length = { 'content-length': Buffer.byteLength(body) }
  response.writeHead(error.statusCode, { ...UNROUTED_HEADERS, ...length, ...headers }).end(body)
}

const UNROUTED_HEADERS = {
  connection: 'close',
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
  [SECURITY_HEADER[0]]: SECURITY_HEADER[1]
}

/** The one body that an error is told in; the id is empty where the request never got one. */
export function bodyOf({ code, message, details }: ApiError, requestId: string): ErrorBody {
  return { error: { code, message, requestId, ...(details !== undefined && { details }) } }
}
