import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { SymbolNotFound } from '../../errors.ts'
import type { DropInOptions } from '../options.ts'
import { answerInForm, sendJson } from '../vendor-form.ts'
import { createAnswers } from './answers.ts'
import { INTERVAL_OF_RESOLUTION, RESOLUTIONS } from './resolution.ts'

/** In seconds since 1970; charts ask for times before it. */
const Instant = Type.Integer({ minimum: -1e10, maximum: 1e11 })
const SymbolText = Type.String({ minLength: 1, maxLength: 64 })
/** Charts add parameters of their own: what is not known is passed over. */
const Query = {
  none: Type.Object({}),
  symbol: Type.Object({ symbol: SymbolText }),
  quotes: Type.Object({ symbols: Type.String({ minLength: 1, maxLength: 4000 }) }),
  search: Type.Object({
    query: Type.String({ maxLength: 100, default: '' }),
    type: Type.String({ maxLength: 32, default: '' }),
    exchange: Type.String({ maxLength: 64, default: '' }),
    limit: Type.Integer({ minimum: 1, maximum: 50, default: 30 })
  }),
  history: Type.Object({
    symbol: SymbolText,
    resolution: Type.Enum(Object.keys(INTERVAL_OF_RESOLUTION) as [string, ...string[]]),
    from: Type.Optional(Instant),
    to: Instant,
    countback: Type.Integer({ minimum: 0, default: 0 })
  })
}

const CONFIG = {
  supports_search: true,
  supports_group_request: false,
  supports_marks: false,
  supports_timescale_marks: false,
  supports_time: true,
  supported_resolutions: RESOLUTIONS,
  exchanges: [{ value: '', name: 'All exchanges', desc: '' }],
  symbols_types: [
    { name: 'All', value: '' },
    { name: 'Shares', value: 'stock' },
    { name: 'Funds', value: 'fund' },
    { name: 'Indices', value: 'index' },
    { name: 'Coins', value: 'crypto' },
    { name: 'Currencies', value: 'forex' },
    { name: 'Futures', value: 'futures' }
  ]
}

/** TradingView's protocol of data for charts (UDF): https://www.tradingview.com/charting-library-docs/latest/connecting_data/UDF */
export const udfRoutes: FastifyPluginAsyncTypebox<DropInOptions> = async (app, { config, log, clock }) => {
  const { archive, marketData } = app
  const answers = createAnswers({ archive, marketData, clock, config })
  const asked = <Shape extends Type.TSchema>(querystring: Shape) => ({
    config: { access: 'market:read' as const },
    schema: { hide: true, querystring }
  })
  answerInForm(app, log, (error) => ({
    status: error.statusCode,
    body: { s: 'error', errmsg: error instanceof SymbolNotFound ? 'unknown_symbol' : error.message }
  }))

  app.get('/config', asked(Query.none), async (_request, reply) => sendJson(reply, CONFIG))

  app.get('/time', asked(Query.none), async (_request, reply) =>
    reply
      .header('cache-control', 'no-store')
      .type('text/plain')
      .send(String(Math.floor(Date.now() / 1000)))
  )

  app.get('/symbols', asked(Query.symbol), async (request, reply) =>
    sendJson(reply, await answers.symbol(request, request.query.symbol))
  )

  app.get('/search', asked(Query.search), async (request, reply) =>
    sendJson(reply, await answers.search(request, request.query))
  )

  app.get('/history', asked(Query.history), async (request, reply) => {
    const { resolution, ...query } = request.query
    return sendJson(reply, await answers.history(request, { ...query, interval: INTERVAL_OF_RESOLUTION[resolution]! }))
  })

  app.get('/quotes', asked(Query.quotes), async (request, reply) =>
    sendJson(reply, await answers.quotes(request, request.query.symbols))
  )
}
