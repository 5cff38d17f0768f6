import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ApiError, overloaded } from '../errors.ts'
import { presentedBy } from '../auth/handshake.ts'
import { addressOf, networkOf } from '../auth/network.ts'

const ENDPOINTS = ['/ws/market-data', '/ws/stock-quotes'] as const
const RETRY_AFTER_SECONDS = 2

/** The WebSocket endpoints. Both speak the whole protocol; two paths exist because two were documented. */
export const liveRoutes: FastifyPluginAsyncTypebox = async (app) => {
  for (const path of ENDPOINTS) {
    app.route({
      method: 'GET',
      url: path,
      exposeHeadRoute: false,
      config: { access: 'none' },
      schema: {
        operationId: path === '/ws/market-data' ? 'streamMarketData' : 'streamStockQuotes',
        summary: 'Upgrades to a WebSocket; its frames are in /asyncapi.json',
        tags: ['market'],
        response: {
          101: Type.Null({ description: 'The connection is a WebSocket from here on' }),
          426: Type.Ref('ErrorBody#'),
          503: Type.Ref('ErrorBody#')
        }
      },
      onRequest(_request, _reply, done) {
        if (app.isOverloaded()) return done(overloaded())
        done(app.live.isFull ? full() : undefined)
      },
      preHandler(request, reply, done) {
        // The response would keep the whole request in memory for as long as the connection lives.
        if (request.ws) reply.raw.detachSocket(request.raw.socket)
        done()
      },
      handler() {
        throw new ApiError('UPGRADE_REQUIRED', 426, 'This address speaks WebSocket; connect with a WebSocket client')
      },
      wsHandler(socket, request) {
        // So would the plugin's listener. What a peer does wrong ws has answered already.
        socket.removeAllListeners('error')
        socket.on('error', ignore)
        app.live.accept({
          socket,
          raw: request.raw.socket,
          network: networkOf(addressOf(request)),
          ...presentedBy(request)
        })
      }
    })
  }
}

/** One for all connections: each would keep its request in memory. */
const ignore = () => undefined

const full = () =>
  new ApiError('TOO_MANY_CONNECTIONS', 503, 'This process has as many connections as it takes; try another', {
    retryAfterSeconds: RETRY_AFTER_SECONDS
  })
