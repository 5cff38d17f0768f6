import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import { ApiError, InvalidField } from '../errors.ts'
import type { Answer } from '../market/market-data.ts'
import type { Quote } from '../market/quote.ts'
import { parseSymbol, RequestedSymbols } from '../market/symbol.ts'
import { cacheable, describeFreshness, isHeldByClient, sendAnswer } from './answer.ts'
import { joined, MAX_BATCH, type Batch, type QuoteLists } from './quote-lists.ts'
import { SymbolParams, symbolOf } from './symbol.ts'
import { askerOf } from './asker.ts'

/** A batch's worth of the longest symbols there are, with room for spaces. */
const MAX_LIST_LENGTH = 8000

const MAX_ECHO_LENGTH = 64

const BatchError = Type.Object({
  symbol: Type.String(),
  code: Type.String(),
  message: Type.String(),
  details: Type.Optional(Type.Unknown())
})
type BatchError = Static<typeof BatchError>

const Quotes = Type.Object({
  quotes: Type.Array(Type.Ref('Quote#'), { description: 'In the order asked for' }),
  errors: Type.Array(BatchError, { description: 'Symbols without a quote, and why' }),
  requested: Type.Optional(RequestedSymbols)
})

export const quoteRoutes: FastifyPluginAsyncTypebox<{ lists: QuoteLists }> = async (app, { lists }) => {
  const freshness = app.freshness.quote
  const batch = app.traffic.route('GET', `${app.prefix}/quotes`)

  app.get(
    '/quote/:symbol',
    {
      config: { access: 'market:read' },
      schema: {
        operationId: 'getQuote',
        summary: 'The quote of one symbol',
        tags: ['market'],
        params: SymbolParams,
        response: { 200: Type.Ref('Quote#'), ...cacheable, 404: Type.Ref('ErrorBody#'), 503: Type.Ref('ErrorBody#') }
      }
    },
    async (request, reply) => {
      sendAnswer(
        request,
        reply,
        await app.marketData.quote(symbolOf(request.params.symbol), askerOf(request)),
        freshness
      )
      return reply
    }
  )

  app.get(
    '/quotes',
    {
      config: { access: 'market:read', finishesItself: true },
      schema: {
        operationId: 'getQuotes',
        summary: `Quotes of up to ${MAX_BATCH} symbols; each succeeds or fails by itself`,
        tags: ['market'],
        querystring: Type.Object(
          {
            symbols: Type.String({
              minLength: 1,
              maxLength: MAX_LIST_LENGTH,
              description: `1 to ${MAX_BATCH} different ones, separated by commas, each in any usual spelling`,
              examples: ['AAPL,MSFT,BRK.B']
            })
          },
          { additionalProperties: false }
        ),
        response: { 200: Quotes, ...cacheable }
      }
    },
    (request, reply) => {
      const { symbols } = request.query
      const fresh = lists.fresh(symbols, Date.now())
      if (fresh) return sendBatch(request, reply, fresh)
      return loadBatch(request, reply, readSymbols(symbols))
    }
  )

  async function loadBatch(request: FastifyRequest, reply: FastifyReply, { symbols, errors, requested }: ReadSymbols) {
    const results = await app.marketData.quotes(symbols, askerOf(request))
    const failed = results.flatMap((result, index) => (result instanceof Error ? errorOf(symbols[index]!, result) : []))
    const answers = results.filter((result): result is Answer<Quote> => !(result instanceof Error))
    const mapping = Object.keys(requested).length > 0 ? `,"requested":${JSON.stringify(requested)}` : ''
    sendBatch(request, reply, joined(answers, `],"errors":${JSON.stringify([...errors, ...failed])}${mapping}}`))
  }

  function sendBatch(request: FastifyRequest, reply: FastifyReply, sent: Batch): void {
    if (sent.count > 0) describeFreshness(reply, sent, freshness, sent.count)
    if (!isHeldByClient(request, reply, sent.etag)) {
      reply.header('content-type', 'application/json; charset=utf-8')
      reply.send(sent.body)
    }
    batch.finished(request, reply.statusCode)
  }
}

type ReadSymbols = { symbols: string[]; errors: BatchError[]; requested: RequestedSymbols }

/** Canonical symbols without repetition; what cannot be a symbol becomes an error of its own. */
function readSymbols(list: string): ReadSymbols {
  const symbols = new Set<string>()
  const misspelt = new Set<string>()
  const requested = new Map<string, string>()
  for (const text of list.split(',').map((part) => part.trim())) {
    const symbol = parseSymbol(text)
    if (symbol) {
      symbols.add(symbol)
      if (symbol !== text) requested.set(text, symbol)
    } else if (text !== '') misspelt.add(text.slice(0, MAX_ECHO_LENGTH))
  }
  const count = symbols.size + misspelt.size
  if (count < 1 || count > MAX_BATCH) throw wrongList()
  const errors = [...misspelt].map((symbol) => ({ symbol, code: 'INVALID_REQUEST', message: 'Not a symbol' }))
  return { symbols: [...symbols], errors, requested: Object.fromEntries(requested) }
}

function wrongList(): InvalidField {
  const allowed = { minimum: 1, maximum: MAX_BATCH }
  return new InvalidField('symbols', `must name 1 to ${MAX_BATCH} different symbols, separated by commas`, allowed)
}

/** What is no error of the API's own is a bug: it fails the whole request, and is logged. */
function errorOf(symbol: string, error: Error): BatchError {
  if (!(error instanceof ApiError)) throw error
  const { code, message, details } = error
  return { symbol, code, message, ...(details !== undefined && { details }) }
}
