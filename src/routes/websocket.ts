import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ApiError, overloaded } from '../errors.ts'
import { presentedBy } from '../auth/handshake.ts'
import { addressOf, networkOf } from '../auth/network.ts'
import type { Playback } from '../playback/playback.ts'
import { playbackRequestOf, ReplayQuery } from './replay-query.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What is played on the connection to come, where one asked for a replay. */
    playback: Playback | undefined
  }
}

const ENDPOINTS = ['/ws/market-data', '/ws/stock-quotes'] as const
const RETRY_AFTER_SECONDS = 2

/** The WebSocket endpoints. Both speak the whole protocol; two paths exist because two were documented. */
export const liveRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.decorateRequest('playback', undefined)
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
        querystring: ReplayQuery,
        response: {
          101: Type.Null({ description: 'The connection is a WebSocket from here on' }),
          400: Type.Ref('ErrorBody#'),
          426: Type.Ref('ErrorBody#'),
          503: Type.Ref('ErrorBody#')
        }
      },
      onRequest(_request, _reply, done) {
        if (app.isOverloaded()) return done(overloaded())
        done(app.live.isFull ? full() : undefined)
      },
      async preHandler(request, reply) {
        if (!request.ws) return
        const asked = playbackRequestOf(request.query, Date.now())
        if (asked) {
          const playback = await app.playbacks.open(asked)
          request.playback = playback
          const { socket } = request.raw
          // Who has gone meanwhile will not go again.
          if (socket.destroyed) await app.playbacks.close(playback)
          else socket.once('close', () => void app.playbacks.close(playback))
        }
        // The response would keep the whole request in memory for as long as the connection lives.
        reply.raw.detachSocket(request.raw.socket)
      },
      handler() {
        throw new ApiError('UPGRADE_REQUIRED', 426, 'This address speaks WebSocket; connect with a WebSocket client')
      },
      wsHandler(socket, request) {
        // So would the plugin's listener. What a peer does wrong ws has answered already.
        socket.removeAllListeners('error')
        socket.on('error', ignore)
        const arrival = {
          socket,
          raw: request.raw.socket,
          network: networkOf(addressOf(request)),
          ...presentedBy(request)
        }
        if (request.playback) app.playbacks.play(request.playback, arrival)
        else app.live.accept(arrival)
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
