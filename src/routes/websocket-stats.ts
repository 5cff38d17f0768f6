import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { asyncApi } from '../hub/async-api.ts'
import { LiveStats } from '../hub/stats.ts'
import { neverKept } from './answer.ts'

/** What the live side of this process does, for operators. */
export const liveInsightRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/ws/stats',
    {
      config: { access: 'admin:read' },
      preHandler: neverKept,
      schema: {
        operationId: 'getLiveStats',
        summary: 'Connections, subscriptions, messages and lag of this process',
        tags: ['admin'],
        response: { 200: LiveStats }
      }
    },
    () => app.live.fullStats()
  )
}

/** The protocol of the WebSocket endpoints as an AsyncAPI document. */
export const asyncApiRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const document = JSON.stringify(asyncApi)
  app.get('/asyncapi.json', { config: { access: 'none' }, schema: { hide: true } }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(document)
  )
}
