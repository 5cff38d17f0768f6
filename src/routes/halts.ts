import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { TradingStatus } from '../market/halt.ts'
import { Feed } from '../market/provenance.ts'
import type { StoredHalt } from '../market/stored-halt.ts'
import { DAY_MS } from '../market/time.ts'
import { neverKept } from './answer.ts'
import { PAGE_QUERY, pageTokens, PlaceInstant, PlaceNumber, PlaceText } from './page-token.ts'
import { formatOf, FORMAT_QUERY, rowsAnswer, sendRows } from './row-formats.ts'
import { onePage, withSymbol, type Columns } from './rows.ts'
import { END, resolveSpan, START, type StoredRouteOptions } from './stored-query.ts'
import { SymbolParams, symbolOf } from './symbol.ts'

const DEFAULT_DAYS = 30

const COLUMNS = {
  status: 'text',
  asOf: 'instantNs',
  sequence: 'integer',
  tradeDate: 'date',
  reason: 'text',
  reasonCode: 'text',
  limitUp: 'number',
  limitDown: 'number',
  tape: 'text',
  source: 'text',
  feed: 'text',
  receivedAt: 'instant'
} as const satisfies Columns<StoredHalt>

const HaltsQuery = Type.Object(
  {
    start: Type.Optional(START),
    end: Type.Optional(END),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'How many' }),
    ...FORMAT_QUERY,
    ...PAGE_QUERY
  },
  { additionalProperties: false }
)

const places = pageTokens(
  'halts',
  Type.Object(
    { asOf: PlaceInstant, sequence: PlaceNumber, source: PlaceText, feed: Feed, status: TradingStatus },
    { additionalProperties: false }
  )
)

/** When trading stopped and went on. */
export const haltRoutes: FastifyPluginAsyncTypebox<StoredRouteOptions> = async (app, { isAlias }) => {
  const { archive } = app

  app.get(
    '/halts/:symbol',
    {
      config: { access: 'market:read' },
      preHandler: neverKept,
      schema: {
        ...(isAlias ? { hide: true } : { operationId: 'getHalts' }),
        summary: 'When trading in one symbol stopped and went on, and why; oldest first',
        description: `As the feeds told it that are streamed, each by itself; of the last ${DEFAULT_DAYS} days unless a range is named.`,
        tags: ['market'],
        params: SymbolParams,
        querystring: HaltsQuery,
        response: { 200: rowsAnswer('HaltPage', 'halt', withSymbol(COLUMNS)), 404: Type.Ref('ErrorBody#') }
      }
    },
    async (request, reply) => {
      const { start, end, limit, page } = request.query
      const span = resolveSpan({ start, end }, Date.now(), DEFAULT_DAYS * DAY_MS)
      const after = places.read(page, request)
      const instrument = await archive.instrument(symbolOf(request.params.symbol))
      const { halts, last } = await archive.halts(instrument, { ...span, limit, after })
      return sendRows(reply, formatOf(request), {
        name: 'halts',
        columns: COLUMNS,
        head: { symbol: instrument.symbol, next: last && places.write(last, request) },
        pages: onePage(halts)
      })
    }
  )
}
