import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { NothingStored } from '../errors.ts'
import { DAY_MS } from '../market/time.ts'
import { neverKept } from './answer.ts'
import { Day } from './instant.ts'
import { BEGINNING, SOURCE_QUERY, type StoredRouteOptions } from './stored-query.ts'
import { SymbolParams, symbolOf } from './symbol.ts'

const Query = Type.Object(
  {
    date: Type.Optional(Day('The last session up to this date; the newest one where it is missing')),
    ...SOURCE_QUERY
  },
  { additionalProperties: false }
)

export const ohlcRoutes: FastifyPluginAsyncTypebox<StoredRouteOptions> = async (app, { isAlias }) => {
  const { archive } = app

  app.get(
    '/ohlc/:symbol',
    {
      config: { access: 'market:read' },
      preHandler: neverKept,
      schema: {
        ...(isAlias ? { hide: true } : { operationId: 'getOhlc' }),
        summary: 'Open, high, low, close and volume of a regular session as far as it is stored, and the close before',
        tags: ['market'],
        params: SymbolParams,
        querystring: Query,
        response: { 200: Type.Ref('DailyOhlc#'), 404: Type.Ref('ErrorBody#') }
      }
    },
    async (request) => {
      const { date, source, feed } = request.query
      const instrument = await archive.instrument(symbolOf(request.params.symbol))
      const now = Date.now()
      const to = (date === undefined ? now : Math.min(Date.parse(date), now)) + DAY_MS
      const { bars, series } = await archive.bars(instrument, {
        interval: '1d',
        adjusted: 'none',
        source,
        feed,
        from: BEGINNING,
        to,
        limit: 2,
        countedFrom: 'newest'
      })
      const [before, last] = bars.length > 1 ? bars : [undefined, bars[0]]
      if (!last || !series) throw new NothingStored(instrument.symbol, 'No bar of a day is stored of')
      const { start: day, ...figures } = last
      const { currency, provenance } = series
      return {
        symbol: instrument.symbol,
        date: day,
        ...figures,
        ...(before && { previousClose: before.close, previousDate: before.start }),
        ...(currency !== undefined && { currency }),
        provenance
      }
    }
  )
}
