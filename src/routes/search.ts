import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { InvalidField } from '../errors.ts'
import { cacheable, sendAnswer } from './answer.ts'
import { askerOf } from './asker.ts'

const MAX_QUERY_LENGTH = 100
const PRINTABLE = /^[^\p{Cc}\p{Cs}]+$/u

const Search = Type.Object(
  {
    query: Type.String({
      minLength: 1,
      maxLength: MAX_QUERY_LENGTH,
      description: 'Name or symbol; not only spaces',
      examples: ['apple']
    }),
    limit: Type.Integer({ minimum: 1, maximum: 50, default: 10, description: 'How many instruments at most' })
  },
  { additionalProperties: false }
)

export const searchRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/search',
    {
      config: { access: 'market:read' },
      schema: {
        operationId: 'search',
        summary: 'Instruments by name or symbol, best match first',
        tags: ['market'],
        body: Search,
        response: { 200: Type.Ref('SearchResult#'), ...cacheable, 503: Type.Ref('ErrorBody#') }
      }
    },
    async (request, reply) => {
      const query = request.body.query.trim().normalize('NFC')
      if (!PRINTABLE.test(query)) throw new InvalidField('query', 'must be printable text, not empty')
      sendAnswer(
        request,
        reply,
        await app.marketData.search(query, request.body.limit, askerOf(request)),
        app.freshness.search
      )
      return reply
    }
  )
}
