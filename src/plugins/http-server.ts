import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { ApiError } from '../errors.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { refuse } from '../unrouted-answers.ts'
import { repeatedHeader } from '../auth/repeated-headers.ts'

const REQUEST_TIMEOUT_MS = 10_000
const KEEP_ALIVE_TIMEOUT_MS = 72_000
/** How often connections are looked through for requests that take longer: the most that they can take too long. */
const TIMEOUT_CHECK_MS = 1000
/** For a connection that asks for an upgrade to become a WebSocket, or to take the refusal. */
const UPGRADE_TIMEOUT_MS = 10_000
/** Where WebSockets are opened. */
const UPGRADE_PATHS = /^\/(api\/v1\/market\/ws\/|socket\.io\/|drop-in\/|stocks(\?|$))/
/** Requests of one connection whose answers have not all been taken. Who sends more without reading is cut off. */
const MAX_REQUESTS_IN_WORK = 32
/** For how long none of an answer's bytes may be taken. */
const UNREAD_ANSWER_TIMEOUT_MS = 20_000

export type HttpServerOptions = {
  metrics: Pick<Metrics, 'unmatched'>
  /** Answers what needs no router, and returns true; is asked before anything is known of a request but that it is one. */
  answerAtOnce?: (request: IncomingMessage, response: ServerResponse) => boolean
}

/**
 * The API's HTTP server: no request stays unanswered, a connection has a limited number of requests in work, and one whose
 * client does not take its answers is ended.
 */
export function createHttpServer(listener: RequestListener, { metrics, answerAtOnce }: HttpServerOptions): Server {
  const inWork = new WeakMap<Socket, number>()

  /** Whether a request that came before the answers to earlier ones were taken is worked on. */
  function mayWait({ socket }: IncomingMessage, response: ServerResponse): boolean {
    if (socket.destroyed) return false
    const count = (inWork.get(socket) ?? 1) + 1
    if (count > MAX_REQUESTS_IN_WORK) {
      metrics.unmatched(429)
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
      // Node would refuse without a body a request without Host.
      requireHostHeader: false,
      shouldUpgradeCallback: asksForWebSocket
    },
    (request, response) => {
      // A response has no socket yet where the connection's earlier answers are still on their way.
      if (response.socket === null && !mayWait(request, response)) return
      if (answerAtOnce?.(request, response)) return
      const fault = headerFault(request)
      if (fault !== undefined) {
        metrics.unmatched(400)
        return refuse(response, new ApiError('MALFORMED_REQUEST', 400, fault))
      }
      forgetTypeOfNoBody(request)
      listener(request, response)
    }
  )
  // Node leaves such a connection to whoever upgrades it. Once that is done, it sets a time of its own.
  server.on('upgrade', ({ socket }) => socket.setTimeout(UPGRADE_TIMEOUT_MS, () => socket.destroy()))
  server.on('checkExpectation', (_request, response) => {
    metrics.unmatched(417)
    refuse(response, new ApiError('EXPECTATION_FAILED', 417, 'Expect may only be 100-continue'))
  })
  return server.setTimeout(UNREAD_ANSWER_TIMEOUT_MS, (socket) => {
    const waitsForAnAnswer = socket.timeout === server.timeout && socket.writableLength === 0
    if (!waitsForAnAnswer) socket.destroy()
  })
}

/**
 * Some HTTP clients offer h2c with every request: who asks for no WebSocket is answered as if it had not. A request that is
 * to be refused is no upgrade either, so that it gets an answer.
 */
function asksForWebSocket(request: IncomingMessage): boolean {
  const { headers, url = '' } = request
  if (headers.upgrade?.toLowerCase() !== 'websocket' || headerFault(request) !== undefined) return false
  return UPGRADE_PATHS.test(url)
}

/** What is wrong with a request's headers. By HTTP/1.0 it need not say whom it is for. */
function headerFault(request: IncomingMessage): string | undefined {
  const repeated = repeatedHeader(request)
  if (repeated !== undefined) return `The request has more than one ${repeated} header`
  const isOld = request.httpVersionMajor === 1 && request.httpVersionMinor === 0
  return request.headers.host === undefined && !isOld ? 'The request has no Host header' : undefined
}

/** Lets a server that closes finish what it has in work for so long, and ends what is not taken by then. */
export function endWithin(server: Server, ms: number): void {
  if (!server.listening) return
  const timer = setTimeout(() => server.closeAllConnections(), ms)
  server.once('close', () => clearTimeout(timer))
}

/**
 * Many clients name a content type with every request. Of a request without a length and without chunks Node ends the body
 * before anybody can hear of it (`optimizeEmptyRequests`): whoever waits for such a body waits for ever.
 */
function forgetTypeOfNoBody({ headers }: IncomingMessage): void {
  if (headers['content-type'] === undefined) return
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) {
    delete headers['content-type']
  }
}
