import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { neverKept } from './answer.ts'
import { shared } from './single-flight.ts'
import type { StoredRouteOptions } from './stored-query.ts'

export const storeStatsRoutes: FastifyPluginAsyncTypebox<StoredRouteOptions> = async (app, { isAlias }) => {
  const stats = shared(() => app.archive.stats())

  app.get(
    '/stats',
    {
      config: { access: 'market:read' },
      preHandler: neverKept,
      schema: {
        ...(isAlias ? { hide: true } : { operationId: 'getStoreStats' }),
        summary: 'How much is stored of streams, and how far the event log was written',
        tags: ['operations'],
        response: { 200: Type.Ref('StoreStats#') }
      }
    },
    async () => stats()
  )
}
