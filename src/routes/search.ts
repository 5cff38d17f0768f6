import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import { InvalidField } from '../errors.ts'
import { cacheable, sendAnswer } from './answer.ts'
import { askerOf } from './asker.ts'

const MAX_QUERY_LENGTH = 100
const PRINTABLE = /^[^\p{Cc}\p{Cs}]+$/u

export const Search = Type.Object(
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
type Search = Static<typeof Search>

export const searchRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { search: freshness } = app.freshness
  const found = (request: FastifyRequest, { query, limit }: Search) =>
    app.marketData.search(searchQueryOf(query), limit, askerOf(request))

  app.get(
    '/search',
    {
      config: { access: 'market:read' },
      schema: {
        operationId: 'searchByQuery',
        summary:
          'Instruments by name or symbol, best match first: for typing ahead, as answers are kept by clients too',
        tags: ['market'],
        querystring: Search,
        response: { 200: Type.Ref('SearchResult#'), ...cacheable, 503: Type.Ref('ErrorBody#') }
      }
    },
    async (request, reply) => {
      sendAnswer(request, reply, await found(request, request.query), freshness)
      return reply
    }
  )

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
      sendAnswer(request, reply, await found(request, request.body), freshness)
      return reply
    }
  )
}

/** What is looked for by what the client wrote. Throws INVALID_REQUEST. */
export function searchQueryOf(text: string): string {
  const query = text.trim().normalize('NFC')
  if (!PRINTABLE.test(query)) throw new InvalidField('query', 'must be printable text, not empty')
  return query
}
