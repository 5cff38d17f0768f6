import type { FastifyPluginAsync, FastifyRequest, RouteOptions } from 'fastify'
import type { WebSocket } from 'ws'
import { addressOf, networkOf } from '../auth/network.ts'
import { presentedBy } from '../auth/handshake.ts'
import { ApiError, overloaded } from '../errors.ts'
import { SharedFeed } from '../hub/shared-feed.ts'
import type { LicenceBySource } from '../market/licence.ts'
import { presentedIn } from './alpaca/presented.ts'
import { AlpacaStreamClient, readAlpacaUpdate, STREAM_FEEDS } from './alpaca/stream.ts'
import { MassiveStreamClient, readMassiveUpdate } from './massive/stream.ts'
import type { StreamClient, StreamClientOptions } from './stream/stream-client.ts'

const RETRY_AFTER_SECONDS = 2

/** The streams of vendors' protocols; they are served in the scope of the WebSocket plugin. */
export const dropInStreams: FastifyPluginAsync<{ licences: LicenceBySource }> = async (app, { licences }) => {
  const { context } = app.live
  const alpacaFeed = new SharedFeed(context.hub, readAlpacaUpdate)
  const massiveFeed = new SharedFeed(context.hub, readMassiveUpdate)

  const stream = (url: string, create: (common: Common, request: FastifyRequest) => StreamClient): RouteOptions => ({
    method: 'GET',
    url,
    exposeHeadRoute: false,
    config: { access: 'none' },
    schema: { hide: true },
    onRequest(_request, _reply, done) {
      if (app.isOverloaded()) return done(overloaded())
      done(app.vendorStreams.isFull ? full() : undefined)
    },
    async preHandler(request, reply) {
      // The response would keep the whole request in memory for as long as the connection lives.
      if (request.ws) reply.raw.detachSocket(request.raw.socket)
    },
    handler() {
      throw new ApiError('UPGRADE_REQUIRED', 426, 'This address speaks WebSocket; connect with a WebSocket client')
    },
    wsHandler(socket, request) {
      socket.removeAllListeners('error')
      socket.on('error', ignore)
      const address = addressOf(request)
      const network = networkOf(address)
      app.vendorStreams.accept(socket, network, (onAuthenticated) =>
        create({ socket, address, network, context, licences, onAuthenticated }, request)
      )
    }
  })

  for (const feedName of Object.keys(STREAM_FEEDS)) {
    const route = stream(`/alpaca/v2/${feedName}`, (common, request) => {
      const isBinary = request.headers['content-type'] === 'application/msgpack'
      const credential = presentedIn(request.headers) ?? presentedBy(request).token
      return new AlpacaStreamClient({ ...common, protocol: 'alpaca', feed: alpacaFeed, feedName, isBinary, credential })
    })
    app.route(route)
  }
  app.route(
    stream(
      '/massive/stocks',
      (common) => new MassiveStreamClient({ ...common, protocol: 'massive', feed: massiveFeed })
    )
  )
}

type Common = Omit<StreamClientOptions, 'feed' | 'protocol'> & { readonly socket: WebSocket }

/** One for all connections: each would keep its request in memory. */
const ignore = () => undefined

const full = () =>
  new ApiError('TOO_MANY_CONNECTIONS', 503, 'This process has as many connections as it takes; try another', {
    retryAfterSeconds: RETRY_AFTER_SECONDS
  })
