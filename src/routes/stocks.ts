import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type, type TSchema } from 'typebox'
import { InvalidField } from '../errors.ts'
import { Sector, sectorNamed } from '../market/sector.ts'
import { StockSort } from '../market/stock.ts'
import { cacheable, neverKept, sendAnswer } from './answer.ts'
import { askerOf } from './asker.ts'
import { micOf, SEARCH_WORDS, wordsOf } from './instrument-directory.ts'
import { DayOrInstant, instantOf } from './instant.ts'
import { PAGE_QUERY, pageTokens, PlaceInstant, PlaceText } from './page-token.ts'
import type { StoredRouteOptions } from './stored-query.ts'
import { SymbolParams, symbolOf } from './symbol.ts'

const MAX_STOCKS = 1000

const StocksQuery = Type.Object(
  {
    search: Type.Optional(
      Type.String({
        ...SEARCH_WORDS,
        examples: ['apple', 'US0378331005']
      })
    ),
    sector: Type.Optional(
      Type.String({
        maxLength: 40,
        description: `One of GICS, in any usual spelling: ${Sector.enum.join(', ')}`,
        examples: ['Information Technology', 'Technology']
      })
    ),
    industry: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, description: 'As a vendor names it, in any case' })
    ),
    exchange: Type.Optional(
      Type.String({ pattern: '^[A-Za-z0-9 ]{2,40}$', description: 'MIC or name', examples: ['NASDAQ', 'XNAS'] })
    ),
    tradable: Type.Optional(
      Type.Boolean({ description: 'Only what its exchange lets be traded, or only what it does not' })
    ),
    minMarketCap: Type.Optional(Type.Number({ minimum: 0, description: 'In the currency of the stock' })),
    maxMarketCap: Type.Optional(Type.Number({ minimum: 0, description: 'In the currency of the stock' })),
    ibkrContractId: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1e15 - 1, description: "Interactive Brokers' conId", examples: [265_598] })
    ),
    updatedSince: Type.Optional(DayOrInstant('Priced on this date (its midnight, UTC) or at this instant, or later')),
    sort: Type.Enum([...StockSort.enum], { default: 'symbol', description: 'What has no such value comes last' }),
    order: Type.Enum(['asc', 'desc'], { default: 'asc', description: 'Of `sort`: the lowest first, or the highest' }),
    limit: Type.Integer({ minimum: 1, maximum: MAX_STOCKS, default: 100, description: 'How many stocks' }),
    ...PAGE_QUERY
  },
  { additionalProperties: false }
)

const placeBy = <By extends TSchema, Value extends TSchema>(by: By, value: Value) =>
  Type.Object({ symbol: PlaceText, value: Type.Union([value, Type.Null()]), by }, { additionalProperties: false })
const places = pageTokens(
  'stocks',
  Type.Union([
    placeBy(Type.Literal('lastPriceUpdate'), PlaceInstant.properties.ms),
    placeBy(Type.Enum(StockSort.enum.filter((by) => by !== 'lastPriceUpdate')), Type.Number())
  ])
)
const errors = { 404: Type.Ref('ErrorBody#'), 503: Type.Ref('ErrorBody#') }

/** Shares, and funds that trade like them: what they are, and their prices. */
export const stockRoutes: FastifyPluginAsyncTypebox<StoredRouteOptions> = async (app, { isAlias }) => {
  const config = { access: 'market:read' } as const
  const documented = (operationId: string) => (isAlias ? { hide: true } : { operationId })

  app.get(
    '',
    {
      config,
      preHandler: neverKept,
      schema: {
        ...documented('getStocks'),
        summary: 'Stocks that are known here, each with the newest price that this server has; no vendor is asked',
        tags: ['market'],
        querystring: StocksQuery,
        response: { 200: Type.Ref('StockPage#'), 503: Type.Ref('ErrorBody#') }
      }
    },
    async (request) => {
      const { search, sector, industry, exchange, tradable, ibkrContractId, updatedSince, ...rest } = request.query
      const { minMarketCap: from, maxMarketCap: to, sort: by, order, limit, page } = rest
      const filter = {
        words: search === undefined ? undefined : wordsOf(search, 'search'),
        sector: sector === undefined ? undefined : sectorOf(sector),
        industry,
        mic: exchange === undefined ? undefined : micOf(exchange),
        tradable,
        marketCap: { from, to },
        ibkrContractId,
        updatedSince: updatedSince === undefined ? undefined : instantOf(updatedSince)
      }
      const after = places.read(page, request)
      const found = await app.stocks.list(filter, { by, descending: order === 'desc', limit, after })
      const { stocks, readAt, isStale, last } = found
      return {
        stocks,
        readAt,
        state: isStale ? ('stale' as const) : ('current' as const),
        ...(last && { next: places.write({ ...last, by }, request) })
      }
    }
  )

  app.get(
    '/:symbol',
    {
      config,
      preHandler: neverKept,
      schema: {
        ...documented('getStock'),
        summary: 'One stock: what it is, where and when it trades, and its price',
        tags: ['market'],
        params: SymbolParams,
        response: { 200: Type.Ref('Stock#'), ...errors }
      }
    },
    (request) => app.stocks.stock(symbolOf(request.params.symbol), askerOf(request))
  )

  app.get(
    '/:symbol/price',
    {
      config,
      schema: {
        ...documented('getStockPrice'),
        summary: 'The price of one stock',
        tags: ['market'],
        params: SymbolParams,
        response: { 200: Type.Ref('StockPrice#'), ...cacheable, ...errors }
      }
    },
    async (request, reply) => {
      const answer = await app.stocks.price(symbolOf(request.params.symbol), askerOf(request))
      sendAnswer(request, reply, answer, app.freshness.quote)
      return reply
    }
  )
}

function sectorOf(text: string): Sector {
  const sector = sectorNamed(text)
  if (sector === undefined) throw new InvalidField('sector', 'is none of GICS', [...Sector.enum])
  return sector
}
