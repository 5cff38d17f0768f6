import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { Adjustment, Interval, type Bar, type BarSeries } from '../market/bar.ts'
import { inTurns } from '../slices.ts'
import { cacheable, describeFreshness, isHeldByClient, sendAnswer } from './answer.ts'
import { RANGE_QUERY, resolveRange } from './historical-range.ts'
import { SymbolParams, symbolOf } from './symbol.ts'
import { askerOf } from './asker.ts'

const ROWS_PER_CHUNK = 500
const COLUMNS = [
  'start',
  'open',
  'high',
  'low',
  'close',
  'volume',
  'complete'
] as const satisfies readonly (keyof Bar)[]

const Query = Type.Object(
  {
    ...RANGE_QUERY,
    interval: Type.Enum([...Interval.enum], { default: '1d', description: 'Length of a bar' }),
    adjusted: Type.Enum([...Adjustment.enum], { default: 'splits', description: 'What prices are adjusted for' }),
    format: Type.Enum(['json', 'csv', 'ndjson'], { default: 'json', description: 'ndjson: a line of JSON per bar' })
  },
  { additionalProperties: false }
)

/** One bar per line or row; an absent figure is an empty cell or a missing key. */
const STREAMS = {
  csv: {
    contentType: 'text/csv; charset=utf-8; header=present',
    head: `${COLUMNS.join(',')}\n`,
    row: (bar: Bar) => `${COLUMNS.map((column) => cellOf(bar[column])).join(',')}\n`
  },
  ndjson: { contentType: 'application/x-ndjson', head: '', row: (bar: Bar) => `${JSON.stringify(bar)}\n` }
} as const

export const historicalRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/historical/:symbol',
    {
      config: { access: 'market:read' },
      schema: {
        operationId: 'getHistorical',
        summary: 'Bars of one symbol, oldest first',
        description:
          'Either `range` (default 1y) or `from` and `to`. ' +
          'As csv and ndjson the bars are streamed, and where they come from stands in the Quotewire-* headers.',
        tags: ['market'],
        params: SymbolParams,
        querystring: Query,
        response: {
          200: {
            description: 'The series',
            content: {
              'application/json': { schema: Type.Ref('BarSeries#') },
              'text/csv': {
                schema: Type.String({
                  description: `A row per bar: ${COLUMNS.join(', ')}; complete is false for a bar that runs, else empty`
                })
              },
              'application/x-ndjson': { schema: Type.String({ description: 'A bar per line' }) }
            }
          },
          ...cacheable,
          404: Type.Ref('ErrorBody#'),
          503: Type.Ref('ErrorBody#')
        }
      }
    },
    async (request, reply) => {
      const { interval, adjusted, format, ...range } = request.query
      const symbol = symbolOf(request.params.symbol)
      const resolved = resolveRange({ interval, ...range }, Date.now())
      const answer = await app.marketData.bars({ symbol, interval, adjusted, ...resolved }, askerOf(request))
      if (format === 'json') {
        sendAnswer(request, reply, answer, app.freshness.historical)
        return reply
      }
      const { contentType, head, row } = STREAMS[format]
      describeFreshness(reply, answer, app.freshness.historical)
      if (isHeldByClient(request, reply, `${answer.etag.slice(0, -1)}-${format}"`)) return reply
      describeSeries(reply, answer.value)
      return reply.type(contentType).send(Readable.from(inTurns(chunks(answer.value.bars, head, row))))
    }
  )
}

/** What the JSON body says around its bars, in headers where the body is bars alone. */
const SERIES = {
  'quotewire-symbol': ({ symbol }) => symbol,
  'quotewire-adjusted': ({ adjusted }) => adjusted,
  'quotewire-currency': ({ currency }) => currency,
  'quotewire-time-zone': ({ timeZone }) => timeZone,
  'quotewire-source': ({ provenance }) => provenance.source,
  'quotewire-feed': ({ provenance }) => provenance.feed,
  'quotewire-state': ({ provenance }) => provenance.state,
  'quotewire-received-at': ({ provenance }) => provenance.receivedAt
} as const satisfies Record<string, (series: BarSeries) => string | undefined>
export const SERIES_HEADERS: readonly string[] = Object.keys(SERIES)

function describeSeries(reply: FastifyReply, series: BarSeries): void {
  for (const [name, read] of Object.entries(SERIES)) {
    const text = read(series)
    // Some of these are vendors' words, and a header holds nothing but printable ASCII.
    if (text) reply.header(name, text.toWellFormed().replaceAll(/[^\x20-\x7e]/gu, encodeURIComponent))
  }
}

const PLAIN_CELL = /^\w[\w:. -]*$/

/** A spreadsheet takes what begins with =, +, - or @ for a formula; text that is not plain becomes a quoted literal. */
function cellOf(value: string | number | boolean | undefined): string {
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : ''
  if (value === undefined || PLAIN_CELL.test(value)) return value ?? ''
  return `"'${value.replaceAll('"', '""')}"`
}

function* chunks(bars: readonly Bar[], head: string, row: (bar: Bar) => string): Generator<string> {
  if (head) yield head
  for (let index = 0; index < bars.length; index += ROWS_PER_CHUNK) {
    yield bars
      .slice(index, index + ROWS_PER_CHUNK)
      .map(row)
      .join('')
  }
}
