import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { NothingStored } from '../errors.ts'
import type { StoredTick, StoredTicks, TickPlace } from '../market/stored-tick.ts'
import { DAY_MS } from '../market/time.ts'
import { neverKept } from './answer.ts'
import { PAGE_QUERY, pageTokens, PlaceInstant, PlaceNumber, PlaceText } from './page-token.ts'
import { formatOf, FORMAT_QUERY, rowsAnswer, sendRows } from './row-formats.ts'
import { pagesFrom, withSymbol, type Columns } from './rows.ts'
import { END, resolveSpan, START, type StoredRouteOptions } from './stored-query.ts'
import { SymbolParams, symbolOf } from './symbol.ts'

/** Of one page. */
const MAX_ROWS = 5000
const PAGE_ROWS = 1000
/** Of ticks that are streamed, so many are read at once: some megabyte. */
const STREAMED_AT_ONCE = 2000

const COLUMNS = {
  kind: 'text',
  asOf: 'instantNs',
  sequence: 'integer',
  tradeDate: 'date',
  price: 'number',
  size: 'number',
  venue: 'text',
  conditions: 'texts',
  tape: 'text',
  tradeId: 'id',
  session: 'text',
  source: 'text',
  feed: 'text',
  receivedAt: 'instant',
  key: 'id',
  replacedBy: 'text',
  correctedAt: 'instantNs',
  replaces: 'id',
  reason: 'text',
  fence: 'integer'
} as const satisfies Columns<StoredTick>

const TicksQuery = Type.Object(
  {
    start: Type.Optional(START),
    end: Type.Optional(END),
    show: Type.Enum(['all', 'standing'], {
      default: 'all',
      description:
        'all: also what was corrected and cancelled, marked `replacedBy`, and the corrections and cancellations'
    }),
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
  'ticks',
  Type.Object(
    { asOf: PlaceInstant, sequence: PlaceNumber, key: PlaceText, correctedAt: Type.Optional(PlaceInstant) },
    { additionalProperties: false }
  )
)

/** Trades as they are stored. */
export const tickRoutes: FastifyPluginAsyncTypebox<StoredRouteOptions> = async (app, { isAlias }) => {
  const { archive } = app
  const config = { access: 'market:read' } as const
  const documented = (operationId: string) => (isAlias ? { hide: true } : { operationId })

  app.get(
    '/ticks/:symbol',
    {
      config,
      preHandler: neverKept,
      schema: {
        ...documented('getTicks'),
        summary: 'Stored trades of one symbol, oldest first',
        description:
          'Of the last 24 hours unless a range is named. As csv, ndjson and parquet without `limit` all of them are streamed.',
        tags: ['market'],
        params: SymbolParams,
        querystring: TicksQuery,
        response: { 200: rowsAnswer('TickPage', 'tick', withSymbol(COLUMNS)), 404: Type.Ref('ErrorBody#') }
      }
    },
    async (request, reply) => {
      const { show, limit, page, start, end } = request.query
      const span = resolveSpan({ start, end }, Date.now(), DAY_MS)
      const after = places.read(page, request)
      const instrument = await archive.instrument(symbolOf(request.params.symbol))
      const format = formatOf(request)
      const isStreamed = format !== 'json' && limit === undefined
      const atOnce = limit ?? (isStreamed ? STREAMED_AT_ONCE : PAGE_ROWS)
      const read = async (place: TickPlace | undefined) =>
        pageOf(await archive.ticks(instrument, { ...span, limit: atOnce, after: place, all: show === 'all' }))
      const first = await read(after)
      const next = first.next && !isStreamed ? places.write(placeOf(first.next), request) : undefined
      return sendRows(reply, format, {
        name: 'ticks',
        columns: COLUMNS,
        head: { symbol: instrument.symbol, next },
        pages: pagesFrom(isStreamed ? first : { rows: first.rows }, read)
      })
    }
  )

  app.get(
    '/ticks/:symbol/latest',
    {
      config,
      preHandler: neverKept,
      schema: {
        ...documented('getLatestTick'),
        summary: 'The newest stored trade of one symbol, as it now stands',
        tags: ['market'],
        params: SymbolParams,
        response: { 200: Type.Ref('LatestTick#'), 404: Type.Ref('ErrorBody#') }
      }
    },
    async (request) => {
      const instrument = await archive.instrument(symbolOf(request.params.symbol))
      const tick = await archive.latestTick(instrument)
      if (!tick) throw new NothingStored(instrument.symbol, 'No trade is stored of')
      return tick
    }
  )
}

const pageOf = ({ ticks, last }: StoredTicks) => ({ rows: ticks, next: last })

const placeOf = ({ asOf, sequence, key, correctedAt }: TickPlace) => ({
  asOf,
  sequence,
  key,
  ...(correctedAt && { correctedAt })
})
