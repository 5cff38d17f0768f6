import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { repeatedHeader } from './repeated-headers.ts'

const REQUEST_TIMEOUT_MS = 10_000
const KEEP_ALIVE_TIMEOUT_MS = 72_000
/** How often connections are looked through for requests that take longer: the most that they can take too long. */
const TIMEOUT_CHECK_MS = 1000
/** Requests of one connection whose answers have not all been taken. Who sends more without reading is cut off. */
const MAX_REQUESTS_IN_WORK = 32
/** For how long none of an answer's bytes may be taken. */
const UNREAD_ANSWER_TIMEOUT_MS = 20_000

export type HttpServerOptions = {
  /** A request that gets no answer from `listener`, and the status of the one that it gets instead. */
  onRefused: (statusCode: number) => void
}

/**
 * The API's HTTP server: each request that reaches `listener` can be answered at once, a connection has a limited number of
 * requests in work, and one whose client does not take its answers is ended.
 */
export function createHttpServer(listener: RequestListener, { onRefused }: HttpServerOptions): Server {
  const inWork = new WeakMap<Socket, number>()

  /** Whether a request that came before the answers to earlier ones were taken is worked on. */
  function mayWait({ socket }: IncomingMessage, response: ServerResponse): boolean {
    if (socket.destroyed) return false
    const count = (inWork.get(socket) ?? 1) + 1
    if (count > MAX_REQUESTS_IN_WORK) {
      onRefused(429)
      socket.destroy()
      return false
    }
    inWork.set(socket, count)
    response.once('close', () => inWork.set(socket, inWork.get(socket)! - 1))
    return true
  }

  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      // Nearly every request has no body: no stream has to be ended for it.
      optimizeEmptyRequests: true,
      // Some HTTP clients offer h2c with every request: who asks for no WebSocket is answered as if it had not.
      // A request that is to be refused is no upgrade either, so that it gets an answer.
      shouldUpgradeCallback: (request) =>
        request.headers.upgrade?.toLowerCase() === 'websocket' && repeatedHeader(request) === undefined
    },
    (request, response) => {
      // A response has no socket yet where the connection's earlier answers are still on their way.
      if (response.socket === null && !mayWait(request, response)) return
      listener(request, response)
    }
  )
  return server.setTimeout(UNREAD_ANSWER_TIMEOUT_MS, (socket) => {
    const waitsForAnAnswer = socket.timeout === server.timeout && socket.writableLength === 0
    if (!waitsForAnAnswer) socket.destroy()
  })
}

/** Lets a server that closes finish what it has in work for so long, and ends what is not taken by then. */
export function endWithin(server: Server, ms: number): void {
  const timer = setTimeout(() => server.closeAllConnections(), ms)
  server.once('close', () => clearTimeout(timer))
}

/**
 * Many clients name a content type with every request. Of a request without a length and without chunks Node ends the body
 * before anybody can hear of it (`optimizeEmptyRequests`): whoever waits for such a body waits for ever.
 */
export function forgetTypeOfNoBody({ headers }: IncomingMessage): void {
  if (headers['content-type'] === undefined) return
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) {
    delete headers['content-type']
  }
}
