import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { DataClass } from '../market/data-freshness.ts'
import type { Answer } from '../market/market-data.ts'
import { cacheable, sendAnswer } from './answer.ts'
import { SymbolParams, symbolOf } from './symbol.ts'
import { askerOf } from './asker.ts'

const access = 'market:read' as const
const errors = { 404: Type.Ref('ErrorBody#'), 503: Type.Ref('ErrorBody#') }
const NewsQuery = Type.Object(
  { limit: Type.Integer({ minimum: 1, maximum: 50, default: 10, description: 'How many stories at most' }) },
  { additionalProperties: false }
)

/** What there is to know of one instrument beside its prices. */
export const instrumentRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const answer = (request: FastifyRequest, reply: FastifyReply, value: Answer<unknown>, dataClass: DataClass) => {
    sendAnswer(request, reply, value, app.freshness[dataClass])
    return reply
  }

  app.get(
    '/profile/:symbol',
    {
      config: { access },
      schema: {
        operationId: 'getProfile',
        summary: 'Who issues an instrument and what it is',
        tags: ['market'],
        params: SymbolParams,
        response: { 200: Type.Ref('Profile#'), ...cacheable, ...errors }
      }
    },
    async (request, reply) =>
      answer(request, reply, await app.marketData.profile(symbolOf(request.params.symbol), askerOf(request)), 'profile')
  )

  app.get(
    '/news/:symbol',
    {
      config: { access },
      schema: {
        operationId: 'getNews',
        summary: 'News of one symbol, newest first',
        tags: ['market'],
        params: SymbolParams,
        querystring: NewsQuery,
        response: { 200: Type.Ref('News#'), ...cacheable, ...errors }
      }
    },
    async (request, reply) => {
      const symbol = symbolOf(request.params.symbol)
      return answer(request, reply, await app.marketData.news(symbol, request.query.limit, askerOf(request)), 'news')
    }
  )

  app.get(
    '/fundamentals/:symbol',
    {
      config: { access },
      schema: {
        operationId: 'getFundamentals',
        summary: 'Statements and ratios of a company',
        tags: ['market'],
        params: SymbolParams,
        response: { 200: Type.Ref('Fundamentals#'), ...cacheable, ...errors }
      }
    },
    async (request, reply) =>
      answer(
        request,
        reply,
        await app.marketData.fundamentals(symbolOf(request.params.symbol), askerOf(request)),
        'fundamentals'
      )
  )

  app.get(
    '/corporate-actions/:symbol',
    {
      config: { access },
      schema: {
        operationId: 'getCorporateActions',
        summary: 'Splits and dividends, newest first',
        tags: ['market'],
        params: SymbolParams,
        response: { 200: Type.Ref('CorporateActions#'), ...cacheable, ...errors }
      }
    },
    async (request, reply) =>
      answer(
        request,
        reply,
        await app.marketData.corporateActions(symbolOf(request.params.symbol), askerOf(request)),
        'corporate-actions'
      )
  )
}
