import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import type { DropInOptions } from '../options.ts'
import { answerInForm, sendJson, takeKeyFrom } from '../vendor-form.ts'
import { massiveError } from './errors.ts'
import { instantsOf, intervalOf, Params, Query, spanOf, symbolIn, tickersIn } from './query.ts'
import { createReads } from './reads.ts'

/** Massive's market data of shares, formerly Polygon's: https://massive.com/docs/rest/stocks */
export const massiveRoutes: FastifyPluginAsyncTypebox<DropInOptions> = async (app, { config: settings, log }) => {
  takeKeyFrom(app, ({ query }) => {
    const { apiKey } = query as { apiKey?: unknown }
    return typeof apiKey === 'string' ? apiKey : undefined
  })
  answerInForm(app, log, massiveError)
  const reads = createReads(app, settings)
  const config = { access: 'market:read' } as const
  const ofTicker = { config, schema: { hide: true, params: Params.ticker, querystring: Query.none } }
  const headOf = ({ id }: FastifyRequest) => ({ status: 'OK', request_id: id })

  app.get(
    '/v2/aggs/ticker/:ticker/range/:multiplier/:timespan/:from/:to',
    { config, schema: { hide: true, params: Params.range, querystring: Query.bars } },
    async (request, reply) => {
      const { ticker } = request.params
      const { sort, limit, cursor } = request.query
      const isAdjusted = request.query.adjusted === 'true'
      const symbol = symbolIn(ticker)
      const kind = { interval: intervalOf(request.params), adjusted: isAdjusted ? 'splits' : 'none' } as const
      const asked = symbol && { symbol, ...kind, ...spanOf(request.params), limit, newestFirst: sort === 'desc' }
      const rows = asked ? await reads.bars(request, asked, cursor) : { results: [], adjusted: isAdjusted }
      const { results, adjusted, cursor: next } = rows
      const counts = { queryCount: results.length, resultsCount: results.length }
      return sendJson(reply, { ...headOf(request), ticker, adjusted, ...counts, results, ...nextOf(request, next) })
    }
  )

  app.get(
    '/v2/aggs/ticker/:ticker/prev',
    { config, schema: { hide: true, params: Params.ticker, querystring: Query.previous } },
    async (request, reply) => {
      const { ticker } = request.params
      const symbol = symbolIn(ticker)
      const adjusted = request.query.adjusted === 'true'
      const rows = symbol === undefined ? [] : await reads.previous(request, symbol, adjusted)
      const results = rows.map((row) => ({ T: ticker, ...row }))
      const counts = { queryCount: results.length, resultsCount: results.length }
      return sendJson(reply, { ...headOf(request), ticker, adjusted, ...counts, results })
    }
  )

  for (const what of ['trades', 'quotes'] as const) {
    app.get(
      `/v3/${what}/:ticker`,
      { config, schema: { hide: true, params: Params.ticker, querystring: Query.ticks } },
      async (request, reply) => {
        const { order, limit, cursor, ...bounds } = request.query
        const symbol = symbolIn(request.params.ticker)
        const asked = symbol && { symbol, ...instantsOf(bounds, Date.now()), limit, newestFirst: order === 'desc' }
        const { results, cursor: next } = asked ? await reads[what](request, asked, cursor) : { results: [] }
        return sendJson(reply, { ...headOf(request), results, ...nextOf(request, next) })
      }
    )
  }

  app.get('/v2/last/trade/:ticker', ofTicker, async (request, reply) =>
    sendJson(reply, { ...headOf(request), results: await reads.lastTrade(request, request.params.ticker) })
  )

  app.get('/v2/last/nbbo/:ticker', ofTicker, async (request, reply) =>
    sendJson(reply, { ...headOf(request), results: await reads.lastQuote(request, request.params.ticker) })
  )

  const snapshots = '/v2/snapshot/locale/us/markets/stocks/tickers'
  app.get(snapshots, { config, schema: { hide: true, querystring: Query.tickers } }, async (request, reply) => {
    const tickers = await reads.snapshots(request, tickersIn(request.query.tickers))
    return sendJson(reply, { ...headOf(request), count: tickers.length, tickers })
  })

  app.get(`${snapshots}/:ticker`, ofTicker, async (request, reply) =>
    sendJson(reply, { ...headOf(request), ticker: await reads.snapshot(request, request.params.ticker) })
  )
}

/** Where the rows go on, on this server. */
function nextOf({ protocol, host, url }: FastifyRequest, cursor: string | undefined): { next_url?: string } {
  return cursor === undefined ? {} : { next_url: `${protocol}://${host}${url.split('?', 1)[0]}?cursor=${cursor}` }
}
