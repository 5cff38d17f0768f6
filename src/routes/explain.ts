import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { neverKept } from './answer.ts'
import { SymbolParams, symbolOf } from './symbol.ts'
import { askerOf } from './asker.ts'

/** Why values are what they are: the providers, one symbol's story, and the cache. */
export const insightRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/providers',
    {
      config: { access: 'market:read' },
      preHandler: neverKept,
      schema: {
        operationId: 'getProviders',
        summary: 'Providers: on or off, budgets, breakers, calls, latency',
        tags: ['operations'],
        response: { 200: Type.Object({ providers: Type.Array(Type.Ref('ProviderStatus#')) }) }
      }
    },
    async () => ({ providers: await app.marketData.providers() })
  )

  app.get(
    '/explain/:symbol',
    {
      config: { access: 'market:read' },
      preHandler: neverKept,
      schema: {
        operationId: 'explain',
        summary: 'Asks every provider for a quote now, and tells what each said and why one was chosen',
        tags: ['market'],
        params: SymbolParams,
        response: { 200: Type.Ref('Explanation#') }
      }
    },
    async (request) => app.marketData.explain(symbolOf(request.params.symbol), askerOf(request))
  )

  app.get(
    '/cache/stats',
    {
      config: { access: 'admin:read' },
      preHandler: neverKept,
      schema: {
        operationId: 'getCacheStats',
        summary: 'What each tier of the cache did in this process',
        tags: ['admin'],
        response: { 200: Type.Ref('CacheStats#') }
      }
    },
    async () => app.marketData.cacheStats()
  )
}
