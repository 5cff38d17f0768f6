import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { cacheable, sendAnswer } from './answer.ts'

export type MarketStatusRouteOptions = {
  /** A second address of the same route, for clients of paths without a version; the document names the first. */
  isAlias?: boolean
}

export const marketStatusRoutes: FastifyPluginAsyncTypebox<MarketStatusRouteOptions> = async (app, { isAlias }) => {
  app.get(
    '/status',
    {
      config: { access: 'market:read' },
      schema: {
        ...(isAlias ? { hide: true } : { operationId: 'getMarketStatus' }),
        summary: 'What each exchange does now: phase, trading day, next opening and close, holiday',
        tags: ['market'],
        querystring: Type.Object({}, { additionalProperties: false }),
        response: { 200: Type.Ref('MarketStatus#'), ...cacheable }
      }
    },
    async (request, reply) => {
      sendAnswer(request, reply, app.marketData.status(), app.freshness.status)
      return reply
    }
  )
}
