import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { shared } from './single-flight.ts'

export const metricsRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const render = shared(() => app.metrics.render())

  app.get(
    '/metrics',
    {
      config: { access: 'none' },
      schema: {
        operationId: 'getMetrics',
        summary: 'Prometheus metrics of this process; names no user and no key',
        tags: ['operations'],
        response: { 200: { content: { 'text/plain': { schema: Type.String() } } } }
      }
    },
    async (_request, reply) =>
      reply
        .header('cache-control', 'no-store')
        .type(app.metrics.contentType)
        .send(await render())
  )
}
