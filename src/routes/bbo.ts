import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Feed } from '../market/provenance.ts'
import type { BboPlace, StoredBbo } from '../market/stored-bbo.ts'
import { HOUR_MS } from '../market/time.ts'
import { neverKept } from './answer.ts'
import { PAGE_QUERY, pageTokens, PlaceInstant, PlaceNumber, PlaceText } from './page-token.ts'
import { formatOf, FORMAT_QUERY, rowsAnswer, sendRows } from './row-formats.ts'
import { pagesFrom, withSymbol, type Columns } from './rows.ts'
import { END, resolveSpan, START, type StoredRouteOptions } from './stored-query.ts'
import { SymbolParams, symbolOf } from './symbol.ts'

const MAX_ROWS = 5000
const PAGE_ROWS = 1000
/** Of those that are streamed, so many are read at once: some megabyte. */
const STREAMED_AT_ONCE = 2000

const COLUMNS = {
  asOf: 'instantNs',
  sequence: 'integer',
  tradeDate: 'date',
  bid: 'number',
  bidSize: 'number',
  bidVenue: 'text',
  ask: 'number',
  askSize: 'number',
  askVenue: 'text',
  conditions: 'texts',
  tape: 'text',
  session: 'text',
  source: 'text',
  feed: 'text',
  receivedAt: 'instant',
  fence: 'integer'
} as const satisfies Columns<StoredBbo>

const BboQuery = Type.Object(
  {
    start: Type.Optional(START),
    end: Type.Optional(END),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_ROWS,
        description: `How many: as json ${PAGE_ROWS} by default, else all of them`
      })
    ),
    ...FORMAT_QUERY,
    ...PAGE_QUERY
  },
  { additionalProperties: false }
)

const places = pageTokens(
  'bbo',
  Type.Object(
    { asOf: PlaceInstant, sequence: PlaceNumber, fence: PlaceNumber, source: PlaceText, feed: Feed },
    { additionalProperties: false }
  )
)

/** Best bids and offers as they are stored. */
export const bboRoutes: FastifyPluginAsyncTypebox<StoredRouteOptions> = async (app, { isAlias }) => {
  const { archive } = app

  app.get(
    '/bbo/:symbol',
    {
      config: { access: 'market:read' },
      preHandler: neverKept,
      schema: {
        ...(isAlias ? { hide: true } : { operationId: 'getBbo' }),
        summary: 'Stored best bids and offers of one symbol, oldest first',
        description:
          'As each feed told them; of the last hour unless a range is named, and of as many trade dates as `BBO_DAYS` keeps. As csv, ' +
          'ndjson and parquet without `limit` all of them are streamed.',
        tags: ['market'],
        params: SymbolParams,
        querystring: BboQuery,
        response: { 200: rowsAnswer('BboPage', 'bbo', withSymbol(COLUMNS)), 404: Type.Ref('ErrorBody#') }
      }
    },
    async (request, reply) => {
      const { limit, page, start, end } = request.query
      const span = resolveSpan({ start, end }, Date.now(), HOUR_MS)
      const after = places.read(page, request)
      const instrument = await archive.instrument(symbolOf(request.params.symbol))
      const format = formatOf(request)
      const isStreamed = format !== 'json' && limit === undefined
      const atOnce = limit ?? (isStreamed ? STREAMED_AT_ONCE : PAGE_ROWS)
      const read = async (place: BboPlace | undefined) => {
        const { bbo, last } = await archive.bbo(instrument, { ...span, limit: atOnce, after: place })
        return { rows: bbo, next: last }
      }
      const first = await read(after)
      const next = first.next && !isStreamed ? places.write(first.next, request) : undefined
      return sendRows(reply, format, {
        name: 'bbo',
        columns: COLUMNS,
        head: { symbol: instrument.symbol, next },
        pages: pagesFrom(isStreamed ? first : { rows: first.rows }, read)
      })
    }
  )
}
