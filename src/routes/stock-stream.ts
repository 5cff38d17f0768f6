import type { FastifyPluginAsync } from 'fastify'
import { arrivalOf, leaveResponse, refuseWhenFull, upgradeRequired } from './upgrade.ts'

/** `/stocks` as a WebSocket; without an upgrade it is the list of stocks. */
export const stockStreamRoutes: FastifyPluginAsync = async (app) => {
  app.route({
    method: 'GET',
    url: '/stocks',
    exposeHeadRoute: false,
    constraints: { upgrade: 'websocket' },
    config: { access: 'none' },
    schema: { hide: true },
    onRequest: refuseWhenFull(app),
    async preHandler(request, reply) {
      leaveResponse(request, reply)
    },
    handler: upgradeRequired,
    wsHandler: (socket, request) => app.eventClients.accept(arrivalOf(socket, request))
  })
}
