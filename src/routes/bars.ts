import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { Type, type Static } from 'typebox'
import type { ArchivedInstrument } from '../market/archive.ts'
import { Adjustment, Interval, isIntraday } from '../market/bar.ts'
import type { Feed } from '../market/provenance.ts'
import type { LatestBar, StoredBar, StoredBarKind, StoredBars } from '../market/stored-bar.ts'
import { DAY_MS, isoOf } from '../market/time.ts'
import { neverKept } from './answer.ts'
import { DayOrUtc } from './instant.ts'
import { PAGE_QUERY, pageTokens, PlaceText } from './page-token.ts'
import { formatOf, FORMAT_QUERY, rowsAnswer, sendRows } from './row-formats.ts'
import { onePage, pagesFrom, withSymbol, type Columns, type ColumnType, type RowsHead } from './rows.ts'
import {
  AS_OF,
  BEGINNING,
  END,
  resolveAsOf,
  resolveSpan,
  SOURCE_QUERY,
  START,
  type StoredRouteOptions
} from './stored-query.ts'
import { SymbolParams, symbolOf } from './symbol.ts'

/** Of one page. */
const MAX_ROWS = 5000
const PAGE_ROWS = 1000
/** Of bars that are streamed, so many are read at once. */
const STREAMED_AT_ONCE = 2000
const MAX_SYMBOLS = 1000

const COLUMNS = {
  start: 'instant',
  open: 'number',
  high: 'number',
  low: 'number',
  close: 'number',
  volume: 'number',
  state: 'text',
  revision: 'integer',
  reason: 'text',
  session: 'text',
  receivedAt: 'instant'
} as const satisfies Columns<StoredBar>
const LATEST_COLUMNS = {
  symbol: 'text',
  source: 'text',
  feed: 'text',
  currency: 'text',
  ...COLUMNS
} as const satisfies Columns<LatestBar>

const KIND = {
  timeframe: Type.Enum([...Interval.enum], { default: '1m', description: 'Length of a bar' }),
  adjusted: Type.Enum([...Adjustment.enum], {
    default: 'none',
    description: 'What prices are adjusted for; bars of streams are as traded'
  }),
  ...SOURCE_QUERY
}
const CLOSED = { additionalProperties: false }
const BarsQuery = Type.Object(
  {
    ...KIND,
    ...FORMAT_QUERY,
    ...PAGE_QUERY,
    limit: Type.Integer({
      minimum: 1,
      maximum: MAX_ROWS,
      default: 100,
      description: 'How many bars, counted from the end; `next` leads to older ones'
    }),
    asof: Type.Optional(AS_OF)
  },
  CLOSED
)
const RangeQuery = Type.Object(
  {
    ...KIND,
    ...FORMAT_QUERY,
    ...PAGE_QUERY,
    start: START,
    end: Type.Optional(END),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_ROWS,
        description: `How many bars, counted from the beginning: as json ${PAGE_ROWS} by default, else all of them`
      })
    ),
    asof: Type.Optional(AS_OF)
  },
  CLOSED
)
const LatestQuery = Type.Object(
  {
    ...KIND,
    ...FORMAT_QUERY,
    ...PAGE_QUERY,
    limit: Type.Integer({ minimum: 1, maximum: MAX_SYMBOLS, default: MAX_SYMBOLS, description: 'How many symbols' })
  },
  CLOSED
)
/** Before or behind which bar, and of which series: another one may have most of the rest. */
const BarPlace = Type.Object({ start: DayOrUtc, source: KIND.source, feed: KIND.feed }, CLOSED)
type BarPlace = Static<typeof BarPlace>
const olderPlaces = pageTokens('bars', BarPlace)
const rangePlaces = pageTokens('bar-range', BarPlace)
const symbolPlaces = pageTokens('latest-bars', Type.Object({ symbol: PlaceText }, CLOSED))

/** Bars as they are stored. */
export const barRoutes: FastifyPluginAsyncTypebox<StoredRouteOptions> = async (app, { isAlias }) => {
  const { archive } = app
  const config = { access: 'market:read' } as const
  const documented = (operationId: string) => (isAlias ? { hide: true } : { operationId })

  app.get(
    '/latest',
    {
      config,
      preHandler: neverKept,
      schema: {
        ...documented('getLatestBars'),
        summary: 'The newest stored bar of every symbol',
        tags: ['market'],
        querystring: LatestQuery,
        response: { 200: rowsAnswer('LatestBarPage', 'bar', LATEST_COLUMNS) }
      }
    },
    async (request, reply) => {
      const { timeframe: interval, adjusted, source, feed, limit, page } = request.query
      const after = symbolPlaces.read(page, request)?.symbol ?? ''
      const { bars, hasMore, cursor } = await archive.latestBars({ interval, adjusted, source, feed }, after, limit)
      const next = hasMore ? symbolPlaces.write({ symbol: bars.at(-1)!.symbol }, request) : undefined
      const isWhole = page === undefined && next === undefined
      return sendRows(reply, formatOf(request), {
        name: 'bars',
        columns: columnsOf(interval, LATEST_COLUMNS),
        head: { interval, adjusted, ...(isWhole && { cursor }), next },
        pages: onePage(bars)
      })
    }
  )

  app.get(
    '/:symbol',
    {
      config,
      preHandler: neverKept,
      schema: {
        ...documented('getBars'),
        summary: 'The newest stored bars of one symbol, oldest first',
        description:
          'Bars that vendors told and bars made here of trades, with what became of each. `cursor` is where trades and ' +
          'bars go on over WebSocket. With `asof` bars as they stood then, of the instrument that had the symbol then.',
        tags: ['market'],
        params: SymbolParams,
        querystring: BarsQuery,
        response: { 200: rowsAnswer('StoredBarPage', 'bar', withSymbol(COLUMNS)), 404: Type.Ref('ErrorBody#') }
      }
    },
    async (request, reply) => {
      const { limit, page } = request.query
      const before = olderPlaces.read(page, request)
      const { instrument, kind } = await subjectOf(request.params.symbol, { ...request.query, ...seriesOf(before) })
      const end = Date.now() + DAY_MS
      const to = before === undefined ? end : Math.min(end, Date.parse(before.start))
      const answer = await archive.bars(instrument, { ...kind, from: BEGINNING, to, limit, countedFrom: 'newest' })
      const next = answer.hasMore ? placeOf(answer.bars[0], answer) : undefined
      // Older bars than those that a stream goes on from are no matter of its cursor.
      const told = { ...answer, ...(before && { cursor: undefined }) }
      const head = headOf(instrument, kind, told, next && olderPlaces.write(next, request))
      return sendBars(request, reply, kind.interval, head, onePage(answer.bars))
    }
  )

  app.get(
    '/:symbol/range',
    {
      config,
      preHandler: neverKept,
      schema: {
        ...documented('getBarRange'),
        summary: 'Stored bars of one symbol that start in a range, oldest first',
        description: 'As csv, ndjson and parquet without `limit` all of them are streamed.',
        tags: ['market'],
        params: SymbolParams,
        querystring: RangeQuery,
        response: { 200: rowsAnswer('StoredBarPage', 'bar', withSymbol(COLUMNS)), 404: Type.Ref('ErrorBody#') }
      }
    },
    async (request, reply) => {
      const { limit, page, start, end } = request.query
      const { from, to } = resolveSpan({ start, end }, Date.now(), 0)
      const after = rangePlaces.read(page, request)
      const { instrument, kind } = await subjectOf(request.params.symbol, { ...request.query, ...seriesOf(after) })
      const isStreamed = formatOf(request) !== 'json' && limit === undefined
      const atOnce = limit ?? (isStreamed ? STREAMED_AT_ONCE : PAGE_ROWS)
      const read = async ({ start: last, source, feed }: BarPlace) => {
        const behind = Date.parse(last) + (isIntraday(kind.interval) ? 1 : DAY_MS)
        const begin = Math.min(to.ms, Math.max(from.ms, behind))
        const series = { ...kind, ...(source !== undefined && { source }), ...(feed && { feed }) }
        return archive.bars(instrument, { ...series, from: begin, to: to.ms, limit: atOnce, countedFrom: 'oldest' })
      }
      const answer = await read(after ?? { start: isoOf(BEGINNING) })
      const pageOf = (bars: StoredBars) => ({
        rows: bars.bars,
        next: bars.hasMore ? placeOf(bars.bars.at(-1), bars) : undefined
      })
      const first = pageOf(answer)
      const isSeam = end === undefined && after === undefined && first.next === undefined
      const told = { ...answer, ...(!isSeam && { cursor: undefined }) }
      const next = isStreamed ? undefined : first.next
      const head = headOf(instrument, kind, told, next && rangePlaces.write(next, request))
      const pages = pagesFrom(isStreamed ? first : { rows: first.rows }, async (place) => pageOf(await read(place)))
      return sendBars(request, reply, kind.interval, head, pages)
    }
  )

  async function subjectOf(text: string, { timeframe: interval, adjusted, source, feed, asof }: Kind) {
    const symbol = symbolOf(text)
    const asOf = asof === undefined ? undefined : resolveAsOf(asof, Date.now())
    const instrument = await archive.instrument(symbol, asOf?.day)
    return { instrument, kind: { interval, adjusted, source, feed, asOf: asOf?.at } }
  }
}

type Kind = { timeframe: Interval; adjusted: Adjustment; source?: string; feed?: Feed; asof?: string }

const seriesOf = (place: BarPlace | undefined) =>
  place && { ...(place.source !== undefined && { source: place.source }), ...(place.feed && { feed: place.feed }) }

function placeOf(bar: StoredBar | undefined, { series }: StoredBars): BarPlace | undefined {
  if (!bar || !series) return undefined
  const { source, feed } = series.provenance
  return { start: bar.start, source, feed }
}

/** What the JSON body says around its bars. */
function headOf(
  { symbol, currentSymbol }: ArchivedInstrument,
  { interval, adjusted }: StoredBarKind,
  { series, cursor }: Pick<StoredBars, 'series' | 'cursor'>,
  next: string | undefined
): RowsHead {
  return {
    symbol,
    ...(currentSymbol !== symbol && { currentSymbol }),
    interval,
    adjusted,
    ...series,
    cursor,
    next
  }
}

function sendBars(
  request: Parameters<typeof formatOf>[0],
  reply: FastifyReply,
  interval: Interval,
  head: RowsHead,
  pages: AsyncIterable<readonly StoredBar[]>
): Promise<FastifyReply> {
  return sendRows(reply, formatOf(request), { name: 'bars', columns: columnsOf(interval, COLUMNS), head, pages })
}

/** From 1d up a bar starts at a date. */
const columnsOf = <Table extends { readonly start: ColumnType }>(interval: Interval, columns: Table) =>
  isIntraday(interval) ? columns : { ...columns, start: 'date' as const }
