import type { FastifyPluginAsync } from 'fastify'
import { ApiError } from '../../errors.ts'
import type { DropInOptions } from '../options.ts'
import { answerInForm, sendJson, takeKeyFrom } from '../vendor-form.ts'
import { alpacaError } from './errors.ts'
import { presentedIn } from './presented.ts'
import { Query, symbolIn, SymbolParams, symbolsIn, type BarsQuery, type LatestQuery } from './query.ts'
import { createReads } from './reads.ts'

type Several = { Querystring: BarsQuery & { symbols: string } }
type One = { Querystring: BarsQuery; Params: { symbol: string } }

const SINGULAR = { trades: 'trade', quotes: 'quote', bars: 'bar' } as const
const config = { access: 'market:read' } as const

/** Alpaca's market data of shares, with its parameters and errors: https://docs.alpaca.markets/reference/stockbars */
export const alpacaRoutes: FastifyPluginAsync<DropInOptions> = async (app, options) => {
  takeKeyFrom(app, ({ headers }) => presentedIn(headers))
  answerInForm(app, options.log, alpacaError)
  const { past, latest, snapshots } = createReads(app, options.config)
  const several = (querystring: object) => ({ config, schema: { hide: true, querystring } })
  const one = (querystring: object) => ({ config, schema: { hide: true, querystring, params: SymbolParams } })

  for (const what of ['bars', 'trades', 'quotes'] as const) {
    const name = SINGULAR[what]
    const shape = what === 'bars' ? Query.bars : Query.past

    app.get<Several>(`/${what}`, several(shape.many), async (request, reply) => {
      const { query } = request
      const { lists, token } = await past[what](request, symbolsIn(query.symbols), query)
      return sendJson(reply, { [what]: lists, next_page_token: token, ...currencyOf(query) })
    })

    app.get<One>(`/:symbol/${what}`, one(shape.one), async (request, reply) => {
      const { query } = request
      const symbol = symbolIn(request.params.symbol)
      const { lists, token } = await past[what](request, [symbol], query)
      return sendJson(reply, { [what]: lists[symbol] ?? [], symbol, next_page_token: token, ...currencyOf(query) })
    })

    app.get<Several>(`/${what}/latest`, several(Query.latest.many), async (request, reply) => {
      const { query } = request
      const values = await latest[what](request, symbolsIn(query.symbols), query)
      return sendJson(reply, { [what]: Object.fromEntries(values), ...currencyOf(query) })
    })

    app.get<One>(`/:symbol/${what}/latest`, one(Query.latest.one), async (request, reply) => {
      const { query } = request
      const symbol = symbolIn(request.params.symbol)
      const value = (await latest[what](request, [symbol], query)).get(symbol)
      return sendJson(reply, { symbol, [name]: value ?? nothing(name, symbol), ...currencyOf(query) })
    })
  }

  app.get<Several>('/snapshots', several(Query.latest.many), async (request, reply) => {
    const { query } = request
    return sendJson(reply, Object.fromEntries(await snapshots(request, symbolsIn(query.symbols), query)))
  })

  app.get<One>('/:symbol/snapshot', one(Query.latest.one), async (request, reply) => {
    const { query } = request
    const symbol = symbolIn(request.params.symbol)
    const snapshot = (await snapshots(request, [symbol], query)).get(symbol)
    return sendJson(reply, { symbol, ...(snapshot ?? nothing('snapshot', symbol)), ...currencyOf(query) })
  })
}

const currencyOf = ({ currency }: LatestQuery) => (currency === undefined ? {} : { currency })

function nothing(what: string, symbol: string): never {
  throw new ApiError('NOTHING_KNOWN', 404, `no ${what} found for ${symbol}`)
}
