import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Adjustment, Interval, type HistoricalSeries } from '../market/bar.ts'
import type { Answer } from '../market/market-data.ts'
import { cacheable } from './answer.ts'
import { barColumns, CLOSES_QUERY } from './bar-columns.ts'
import { RANGE_QUERY, resolveRange } from './historical-range.ts'
import { FORMAT_QUERY, rowsAnswer, sendInFormat } from './row-formats.ts'
import { onePage, withSymbol } from './rows.ts'
import { SymbolParams, symbolOf } from './symbol.ts'
import { askerOf } from './asker.ts'

/** Which bars, besides of what stretch. */
export const SERIES_QUERY = {
  interval: Type.Enum([...Interval.enum], { default: '1d', description: 'Length of a bar' }),
  adjusted: Type.Enum([...Adjustment.enum], { default: 'splits', description: 'What prices are adjusted for' })
}

const Query = Type.Object(
  {
    ...RANGE_QUERY,
    ...SERIES_QUERY,
    ...CLOSES_QUERY,
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
          200: rowsAnswer('HistoricalSeries', 'bar', withSymbol(barColumns('1m', true))),
          ...cacheable,
          404: Type.Ref('ErrorBody#'),
          503: Type.Ref('ErrorBody#')
        }
      }
    },
    async (request, reply) => {
      const { interval, adjusted, adjustedClose, format: _, ...range } = request.query
      const symbol = symbolOf(request.params.symbol)
      const asked = { symbol, interval, adjusted, ...resolveRange({ interval, ...range }, Date.now()) }
      const answer: Answer<HistoricalSeries> =
        adjustedClose === undefined
          ? await app.marketData.bars(asked, askerOf(request))
          : await app.marketData.barsBesideCloses(asked, adjustedClose, askerOf(request))
      return sendInFormat(request, reply, {
        answer,
        freshness: app.freshness.historical,
        rowsOf: ({ bars, ...head }) => {
          const columns = barColumns(interval, adjustedClose !== undefined)
          return { name: 'bars', columns, head, pages: onePage(bars) }
        }
      })
    }
  )
}
