import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Adjustment, Interval, isIntraday, type Bar } from '../market/bar.ts'
import { cacheable, describeFreshness, isHeldByClient, sendAnswer } from './answer.ts'
import { RANGE_QUERY, resolveRange } from './historical-range.ts'
import { formatOf, FORMAT_QUERY, rowsAnswer, sendRows } from './row-formats.ts'
import { onePage, type Columns } from './rows.ts'
import { SymbolParams, symbolOf } from './symbol.ts'
import { askerOf } from './asker.ts'

const COLUMNS = {
  start: 'instant',
  open: 'number',
  high: 'number',
  low: 'number',
  close: 'number',
  volume: 'number',
  complete: 'boolean'
} as const satisfies Columns<Bar>

const Query = Type.Object(
  {
    ...RANGE_QUERY,
    interval: Type.Enum([...Interval.enum], { default: '1d', description: 'Length of a bar' }),
    adjusted: Type.Enum([...Adjustment.enum], { default: 'splits', description: 'What prices are adjusted for' }),
    ...FORMAT_QUERY
  },
  { additionalProperties: false }
)

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
          200: rowsAnswer('BarSeries', 'bar', COLUMNS),
          ...cacheable,
          404: Type.Ref('ErrorBody#'),
          503: Type.Ref('ErrorBody#')
        }
      }
    },
    async (request, reply) => {
      const { interval, adjusted, format: _, ...range } = request.query
      const symbol = symbolOf(request.params.symbol)
      const resolved = resolveRange({ interval, ...range }, Date.now())
      const answer = await app.marketData.bars({ symbol, interval, adjusted, ...resolved }, askerOf(request))
      const format = formatOf(request)
      if (format === 'json') {
        reply.header('vary', 'accept')
        sendAnswer(request, reply, answer, app.freshness.historical)
        return reply
      }
      describeFreshness(reply, answer, app.freshness.historical)
      if (isHeldByClient(request, reply, `${answer.etag.slice(0, -1)}-${format}"`)) return reply
      const { bars, ...head } = answer.value
      const columns = isIntraday(interval) ? COLUMNS : { ...COLUMNS, start: 'date' as const }
      return sendRows(reply, format, { name: 'bars', columns, head, pages: onePage(bars) })
    }
  )
}
