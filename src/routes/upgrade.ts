import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import type { WebSocket } from 'ws'
import { presentedBy } from '../auth/handshake.ts'
import { addressOf, networkOf } from '../auth/network.ts'
import { ApiError, overloaded } from '../errors.ts'
import type { Arrival } from '../hub/live-server.ts'
import { WebSocketTransport } from '../hub/transport.ts'

const RETRY_AFTER_SECONDS = 2

/** No connection is begun that the process has no room for. */
export function refuseWhenFull(app: Pick<FastifyInstance, 'isOverloaded' | 'live'>): onRequestHookHandler {
  return (_request, _reply, done) => {
    if (app.isOverloaded()) return done(overloaded())
    done(app.live.isFull ? processIsFull() : undefined)
  }
}

/** The response would keep the whole request in memory for as long as the connection lives. */
export function leaveResponse(request: FastifyRequest, reply: FastifyReply): void {
  if (request.ws) reply.raw.detachSocket(request.raw.socket)
}

/** For requests that want no connection. Throws UPGRADE_REQUIRED. */
export function upgradeRequired(): never {
  throw new ApiError('UPGRADE_REQUIRED', 426, 'This address speaks WebSocket; connect with a WebSocket client')
}

/** What is known of a connection that was opened. */
export function arrivalOf(socket: WebSocket, request: FastifyRequest): Arrival {
  // The plugin's listener would keep the request, too. What a peer does wrong ws has answered already.
  socket.removeAllListeners('error')
  socket.on('error', ignore)
  const { token, binary } = presentedBy(request)
  const transport = new WebSocketTransport(socket, request.raw.socket)
  const address = addressOf(request)
  return { transport, credential: token, binary, address, network: networkOf(address) }
}

/** One for all connections: each would keep its request in memory. */
const ignore = () => undefined

export const processIsFull = () =>
  new ApiError('TOO_MANY_CONNECTIONS', 503, 'This process has as many connections as it takes; try another', {
    retryAfterSeconds: RETRY_AFTER_SECONDS
  })
