import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type, type Static } from 'typebox'
import type { Adjustment, HistoricalSeries, Interval } from '../market/bar.ts'
import type { BatchError } from '../market/batch-error.ts'
import type { Asker, MarketData } from '../market/market-data.ts'
import { neverKept, varyBy } from './answer.ts'
import { askerOf } from './asker.ts'
import { barColumns, CLOSES_QUERY, type HistoricalBar } from './bar-columns.ts'
import { SERIES_QUERY } from './historical.ts'
import { RANGE_QUERY, resolveRange, type Range } from './historical-range.ts'
import { inOrder } from './in-order.ts'
import { formatOf, FORMAT_QUERY, rowsAnswer, sendRows } from './row-formats.ts'
import type { Columns } from './rows.ts'
import {
  isError,
  MAX_BATCH,
  outcomeOf,
  readSymbols,
  SYMBOLS_QUERY,
  type Outcome,
  type SymbolList
} from './symbol-list.ts'

/** Series that one request holds and has loaded ahead; a series of the most minutes that may be asked for takes some 5 MB. */
const SERIES_AT_ONCE = 4
const ROWS_PER_PAGE = 2000

/** A bar of one of many symbols, with what is known of its series; or why a symbol has none. */
type Row = Partial<HistoricalBar> & {
  symbol: string
  currency?: string | undefined
  source?: string
  state?: string
  error?: string
}

const COLUMNS_BEHIND = { currency: 'text', source: 'text', state: 'text', error: 'text' } as const

const columnsOf = (interval: Interval, hasCloses: boolean): Columns<Row> => ({
  symbol: 'text',
  ...barColumns(interval, hasCloses),
  ...COLUMNS_BEHIND
})

const Query = Type.Object(
  {
    ...SYMBOLS_QUERY,
    ...RANGE_QUERY,
    ...SERIES_QUERY,
    ...CLOSES_QUERY,
    ...FORMAT_QUERY
  },
  { additionalProperties: false }
)

type Result = Outcome<HistoricalSeries>

/** Bars of many symbols, streamed as they are loaded: each succeeds or fails by itself. */
export const marketHistoryRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/history',
    {
      config: { access: 'market:read' },
      preHandler: neverKept,
      schema: {
        operationId: 'getHistories',
        summary: `Bars of up to ${MAX_BATCH} symbols, oldest first; each symbol succeeds or fails by itself`,
        description:
          'Either `range` (default 1y) or `from` and `to`. The answer is streamed, symbol by symbol in the order asked for. ' +
          'As csv, ndjson and parquet a symbol without a series is a row that has nothing but `symbol` and `error`, a code.',
        tags: ['market'],
        querystring: Query,
        response: { 200: rowsAnswer('Histories', 'bar', columnsOf('1m', true)) }
      }
    },
    async (request, reply) => {
      const { interval, adjusted, adjustedClose, symbols: list, format: _, ...range } = request.query
      const resolved = resolveRange({ interval, ...range }, Date.now())
      const asked = readSymbols(list)
      const load = loaderOf(app.marketData, { interval, adjusted, adjustedClose }, resolved, askerOf(request))
      const results = inOrder(asked.symbols, SERIES_AT_ONCE, load)
      const format = formatOf(request)
      if (format === 'json') {
        varyBy(reply, 'accept')
        reply.type('application/json; charset=utf-8')
        return reply.send(Readable.from(jsonOf(asked, results, { interval, adjusted })))
      }
      const columns = columnsOf(interval, adjustedClose !== undefined)
      const head = { interval, adjusted, ...(adjustedClose && { adjustedClose }) }
      return sendRows(reply, format, { name: 'series', columns, head, pages: pagesOf(asked, results) })
    }
  )
}

type Wanted = Pick<Static<typeof Query>, 'interval' | 'adjusted' | 'adjustedClose'>

function loaderOf(market: MarketData, { adjustedClose, ...wanted }: Wanted, range: Range, asker: Asker) {
  return (symbol: string): Promise<Result> => {
    const request = { symbol, ...wanted, ...range }
    const asked =
      adjustedClose === undefined ? market.bars(request, asker) : market.barsBesideCloses(request, adjustedClose, asker)
    return outcomeOf<HistoricalSeries>(symbol, asked)
  }
}

/** The bodies of series are ready bytes. */
async function* jsonOf(
  { errors, requested }: SymbolList,
  results: AsyncIterable<Result>,
  head: { interval: Interval; adjusted: Adjustment }
): AsyncGenerator<Buffer, void> {
  const failed = [...errors]
  let before = `${JSON.stringify(head).slice(0, -1)},"series":[`
  for await (const result of results) {
    if (isError(result)) {
      failed.push(result)
      continue
    }
    yield Buffer.from(before)
    yield result.body
    before = ','
  }
  const mapping = requested ? `,"requested":${JSON.stringify(requested)}` : ''
  yield Buffer.from(`${before === ',' ? '' : before}],"errors":${JSON.stringify(failed)}${mapping}}`)
}

async function* pagesOf({ errors }: SymbolList, results: AsyncIterable<Result>): AsyncGenerator<readonly Row[], void> {
  if (errors.length > 0) yield errors.map(errorRow)
  for await (const result of results) {
    if (isError(result)) {
      yield [errorRow(result)]
      continue
    }
    const { symbol, currency, bars, provenance } = result.value
    const { source, state } = provenance
    for (let at = 0; at < bars.length; at += ROWS_PER_PAGE) {
      yield bars.slice(at, at + ROWS_PER_PAGE).map((bar) => ({ symbol, ...bar, currency, source, state }))
    }
  }
}

const errorRow = ({ symbol, code }: BatchError): Row => ({ symbol, error: code })
