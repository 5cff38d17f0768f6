import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Playback } from '../playback/playback.ts'
import { playbackRequestOf, ReplayQuery } from './replay-query.ts'
import { arrivalOf, leaveResponse, refuseWhenFull, upgradeRequired } from './upgrade.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What is played on the connection to come, where one asked for a replay. */
    playback: Playback | undefined
  }
}

const ENDPOINTS = ['/ws/market-data', '/ws/stock-quotes'] as const

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
      onRequest: refuseWhenFull(app),
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
        leaveResponse(request, reply)
      },
      handler: upgradeRequired,
      wsHandler(socket, request) {
        const arrival = arrivalOf(socket, request)
        if (request.playback) app.playbacks.play(request.playback, arrival)
        else app.live.accept(arrival)
      }
    })
  }
}
