import type { IncomingMessage, Server as HttpServer } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Server, type Socket } from 'socket.io'
import type { Config } from '../config/config.ts'
import { repeatedHeader } from '../auth/repeated-headers.ts'
import { CannotAuthenticateNow } from '../hub/context.ts'
import { UnauthenticatedConnections } from '../hub/unauthenticated.ts'
import { networkOf } from '../auth/network.ts'
import type { Bridge } from './bridge.ts'
import { DIALECTS } from './dialect.ts'
import { refuseInOneBody } from './refused-requests.ts'
import { SocketIoPeer } from './socket-io-peer.ts'
import {
  addressOf,
  ANONYMOUS_SHARE,
  anonymousIdOf,
  anonymousVisitor,
  tokenOf,
  userVisitor,
  type Visitor
} from './visitor.ts'

type Connection = Socket['conn']

const PATH = '/socket.io/'
/** Of the process's connections so many may be of clients that have not said who they are. */
const UNAUTHENTICATED_SHARE = 0.1
const KIB = 1024
/** For a connection to name its namespace and present its token. */
const CONNECT_WITHIN_MS = 5000
/** What peers get to answer the end of their connection. */
const CLOSE_TIMEOUT_MS = 2000

/**
 * Serves Socket.IO clients on the API's own port, from the hub that WebSocket clients are served from.
 */
export const socketIo = fp<{ config: Config }>(
  async (app, { config }) => {
    const io = new Server({
      path: PATH,
      serveClient: false,
      perMessageDeflate: false,
      httpCompression: false,
      maxHttpBufferSize: config.WS_MAX_FRAME_KIB * KIB,
      pingInterval: config.WS_HEARTBEAT_MS,
      pingTimeout: config.WS_HEARTBEAT_MS,
      connectTimeout: CONNECT_WITHIN_MS,
      ...(config.corsOrigins.length > 0 && { cors: { origin: [...config.corsOrigins] } }),
      allowRequest(request, callback) {
        if (repeatedHeader(request)) return callback('MALFORMED_REQUEST', false)
        const isFull = io.engine.clientsCount >= config.SOCKET_IO_MAX_CONNECTIONS
        callback(isFull || app.isOverloaded() ? 'OVERLOADED' : null, !isFull && !app.isOverloaded())
      }
    })
    const introduced = new WeakMap<Connection, () => void>()
    const upgraded = new Set<Duplex>()
    let isAttached = false
    app.addHook('onReady', async () => {
      const { bridge } = app.eventClients
      for (const dialect of DIALECTS) {
        const namespace = io.of(dialect.namespace)
        namespace.use((socket, proceed) => {
          const onAdmitted = () => introduced.get(socket.conn)?.()
          void admit(app, config, socket, { bridge, onAdmitted }).then(proceed, proceed)
        })
        namespace.on('connection', (socket) =>
          bridge.accept(
            new SocketIoPeer(socket, addressOf(socket.handshake, config.TRUST_PROXY)),
            dialect,
            socket.data as Visitor
          )
        )
      }
      attach(io, app.server, upgraded)
      refuseInOneBody(io.engine, app.metrics)
      const unauthenticated = new UnauthenticatedConnections(
        Math.max(1, Math.floor(config.SOCKET_IO_MAX_CONNECTIONS * UNAUTHENTICATED_SHARE))
      )
      io.engine.on('connection', (connection: Connection) => {
        const leave = unauthenticated.enter(networkOf(originOf(connection, config)), () => connection.close(true))
        introduced.set(connection, leave)
        connection.once('close', leave)
      })
      isAttached = true
    })
    app.addHook('preClose', async () => {
      if (!isAttached) return
      io.engine.close()
      await closed(upgraded)
    })
  },
  { name: 'socket-io', dependencies: ['event-clients'] }
)

/** Finds out who connects; returns why it may not. */
async function admit(
  app: FastifyInstance,
  config: Config,
  socket: Socket,
  { bridge, onAdmitted }: { bridge: Bridge; onAdmitted: () => void }
): Promise<Error | undefined> {
  const token = tokenOf(socket.handshake)
  if (token === undefined && config.SOCKET_IO_ANONYMOUS) {
    if (bridge.anonymous >= config.SOCKET_IO_MAX_CONNECTIONS * ANONYMOUS_SHARE) return OVERLOADED
    const userId = anonymousIdOf(addressOf(socket.handshake, config.TRUST_PROXY))
    onAdmitted()
    socket.data = anonymousVisitor(userId, await app.rateLimiter.bucket(userId, config.RATE_LIMIT_PER_MINUTE))
    return undefined
  }
  if (token === undefined)
    return refusal('NOT_AUTHENTICATED', 'Connect with an API key, a token or a ticket: io(url, { auth: { token } })')
  try {
    const address = addressOf(socket.handshake, config.TRUST_PROXY)
    const caller = await app.live.context.authenticate(token, networkOf(address))
    if (!caller.mayStream) return refusal('NOT_AUTHORIZED', 'The key or token does not grant stream:read')
    socket.data = userVisitor(caller, config)
    onAdmitted()
    return undefined
  } catch (error) {
    return refusal(error instanceof CannotAuthenticateNow ? error.code : 'NOT_AUTHENTICATED', (error as Error).message)
  }
}

/** Clients find `data` in the error of `connect_error`. */
const refusal = (code: string, message: string): Error => Object.assign(new Error(message), { data: { code, message } })

const OVERLOADED = refusal('OVERLOADED', 'This process has as many clients without a token as it takes')

/** The address that a connection came from. */
function originOf({ request }: Connection, { TRUST_PROXY }: Config): string {
  const { socket, headers } = request
  return addressOf({ address: socket.remoteAddress ?? '', headers }, TRUST_PROXY)
}

/** The WebSocket plugin answers every upgrade of the server; those of the bridge must not reach it. */
function attach(io: Server, server: HttpServer, upgraded: Set<Duplex>): void {
  const others = server.listeners('upgrade')
  server.removeAllListeners('upgrade')
  io.attach(server, { destroyUpgrade: false })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!request.url?.startsWith(PATH)) {
      for (const listener of others) listener.call(server, request, socket, head)
      return
    }
    upgraded.add(socket)
    socket.on('close', () => upgraded.delete(socket))
  })
}

/** Resolves when all are closed; cuts off peers that take no part in it. */
async function closed(sockets: ReadonlySet<Duplex>): Promise<void> {
  const gone = [...sockets].map((socket) => new Promise((resolve) => void socket.on('close', resolve)))
  const cutOff = setTimeout(() => {
    for (const socket of sockets) socket.destroy()
  }, CLOSE_TIMEOUT_MS)
  await Promise.all(gone)
  clearTimeout(cutOff)
}
