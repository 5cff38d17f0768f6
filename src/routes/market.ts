import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { MoverKind } from '../market/market-wide.ts'
import { cacheable, sendAnswer } from './answer.ts'

const access = 'market:read' as const
const unavailable = { 503: Type.Ref('ErrorBody#') }
const NoQuery = Type.Object({}, { additionalProperties: false })

const MoversQuery = Type.Object(
  {
    type: Type.Enum([...MoverKind.enum], { default: 'gainers', description: 'Which list; actives: by volume' }),
    limit: Type.Integer({ minimum: 1, maximum: 50, default: 20, description: 'How many instruments at most' })
  },
  { additionalProperties: false }
)

/** The market as a whole. */
export const marketRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { marketData, freshness } = app

  app.get(
    '/overview',
    {
      config: { access },
      schema: {
        operationId: 'getOverview',
        summary: 'Indices, sectors, movers, sentiment and exchange status at once',
        description: 'Each part has its own provenance; one that cannot be had is missing, and `errors` says why.',
        tags: ['market'],
        querystring: NoQuery,
        response: { 200: Type.Ref('Overview#'), ...cacheable }
      }
    },
    async (request, reply) => {
      sendAnswer(request, reply, await marketData.overview(), freshness.overview)
      return reply
    }
  )

  app.get(
    '/indices',
    {
      config: { access },
      schema: {
        operationId: 'getIndices',
        summary: 'Quotes of the headline indices of the world',
        tags: ['market'],
        querystring: NoQuery,
        response: { 200: Type.Ref('Indices#'), ...cacheable, ...unavailable }
      }
    },
    async (request, reply) => {
      sendAnswer(request, reply, await marketData.indices(), freshness.indices)
      return reply
    }
  )

  app.get(
    '/sectors',
    {
      config: { access },
      schema: {
        operationId: 'getSectors',
        summary: 'The change of each GICS sector of US shares',
        tags: ['market'],
        querystring: NoQuery,
        response: { 200: Type.Ref('Sectors#'), ...cacheable, ...unavailable }
      }
    },
    async (request, reply) => {
      sendAnswer(request, reply, await marketData.sectors(), freshness.sectors)
      return reply
    }
  )

  app.get(
    '/movers',
    {
      config: { access },
      schema: {
        operationId: 'getMovers',
        summary: 'US shares that rose, fell or traded most; no funds, warrants, rights or units',
        tags: ['market'],
        querystring: MoversQuery,
        response: { 200: Type.Ref('Movers#'), ...cacheable, ...unavailable }
      }
    },
    async (request, reply) => {
      const { type, limit } = request.query
      sendAnswer(request, reply, await marketData.topMovers(type, limit), freshness.movers)
      return reply
    }
  )

  app.get(
    '/sentiment',
    {
      config: { access },
      schema: {
        operationId: 'getSentiment',
        summary: "The market's mood from 0 (fear) to 100 (greed), with all that it is made of",
        tags: ['market'],
        querystring: NoQuery,
        response: { 200: Type.Ref('Sentiment#'), ...cacheable, ...unavailable }
      }
    },
    async (request, reply) => {
      sendAnswer(request, reply, await marketData.sentiment(), freshness.sentiment)
      return reply
    }
  )
}
