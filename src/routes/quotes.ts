import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import type { Answer } from '../market/market-data.ts'
import type { Quote } from '../market/quote.ts'
import { cacheable, describeFreshness, isHeldByClient, sendAnswer } from './answer.ts'
import { FIELDS_QUERY, fieldsIn, onlyFields, QUOTE_FIELDS, type QuotePart } from './quote-fields.ts'
import { joined, type Batch, type QuoteLists } from './quote-lists.ts'
import { errorRow, quoteColumns, quoteRow } from './quote-rows.ts'
import { Format, rowsAnswer, sendRows } from './row-formats.ts'
import { onePage } from './rows.ts'
import { batchErrorOf, MAX_BATCH, readSymbols, SYMBOLS_QUERY } from './symbol-list.ts'
import { SymbolParams, symbolOf } from './symbol.ts'
import { askerOf } from './asker.ts'

const QuoteQuery = Type.Object(FIELDS_QUERY, { additionalProperties: false })
const QuotesQuery = Type.Object(
  {
    ...SYMBOLS_QUERY,
    ...FIELDS_QUERY,
    format: Type.Enum([...Format.enum], {
      default: 'json',
      description:
        'In csv, ndjson and parquet a symbol without a quote is a row that has nothing but `symbol` and `error`, a code'
    })
  },
  { additionalProperties: false }
)
type QuotesQuery = Static<typeof QuotesQuery>

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
        description: 'With `fields` some of its members only.',
        tags: ['market'],
        params: SymbolParams,
        querystring: QuoteQuery,
        response: { 200: Type.Ref('Quote#'), ...cacheable, 404: Type.Ref('ErrorBody#'), 503: Type.Ref('ErrorBody#') }
      }
    },
    async (request, reply) => {
      const { fields } = request.query
      const shown = fields === undefined ? undefined : fieldsIn(fields)
      const answer = await app.marketData.quote(symbolOf(request.params.symbol), askerOf(request))
      sendAnswer(request, reply, shown ? onlyFields(answer, shown) : answer, freshness)
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
        description: 'With `fields` some of their members only.',
        tags: ['market'],
        querystring: QuotesQuery,
        response: { 200: rowsAnswer('Quotes', 'quote', quoteColumns(QUOTE_FIELDS)), ...cacheable }
      }
    },
    (request, reply) => {
      const { symbols, fields, format } = request.query
      const isWhole = fields === undefined && format === 'json'
      const fresh = isWhole ? lists.fresh(symbols, Date.now()) : undefined
      return fresh ? sendBatch(request, reply, fresh) : loadBatch(request, reply)
    }
  )

  async function loadBatch(request: FastifyRequest<{ Querystring: QuotesQuery }>, reply: FastifyReply): Promise<void> {
    const { symbols: list, fields, format } = request.query
    const { symbols, errors, requested } = readSymbols(list)
    const shown = fields === undefined ? undefined : fieldsIn(fields)
    const results = await app.marketData.quotes(symbols, askerOf(request))
    const failed = results.flatMap((result, index) =>
      result instanceof Error ? batchErrorOf(symbols[index]!, result) : []
    )
    const answers = results.filter((result): result is Answer<Quote> => !(result instanceof Error))
    const parts: Answer<QuotePart>[] = shown ? answers.map((answer) => onlyFields(answer, shown)) : answers
    if (format !== 'json') {
      const rows = [...parts.map(({ value }) => quoteRow(value)), ...[...errors, ...failed].map(errorRow)]
      const columns = quoteColumns(shown ?? QUOTE_FIELDS)
      await sendRows(reply, format, { name: 'quotes', columns, head: {}, pages: onePage(rows) })
      return batch.finished(request, reply.statusCode)
    }
    const mapping = requested ? `,"requested":${JSON.stringify(requested)}` : ''
    sendBatch(request, reply, joined(parts, `],"errors":${JSON.stringify([...errors, ...failed])}${mapping}}`))
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
