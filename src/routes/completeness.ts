import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { InvalidField } from '../errors.ts'
import type { Archive } from '../market/archive.ts'
import type { Completeness } from '../market/completeness.ts'
import { DAY_MS, isoOf } from '../market/time.ts'
import { neverKept } from './answer.ts'
import { Day } from './instant.ts'
import type { StoredRouteOptions } from './stored-query.ts'
import { SymbolParams, symbolOf } from './symbol.ts'

export const CompletenessQuery = Type.Object(
  {
    date: Type.Optional(Day("Of the session, in the exchange's zone; the current or the last one where it is missing"))
  },
  { additionalProperties: false }
)

export const completenessRoutes: FastifyPluginAsyncTypebox<StoredRouteOptions> = async (app, { isAlias }) => {
  const { archive } = app

  app.get(
    '/completeness/:symbol',
    {
      config: { access: 'market:read' },
      preHandler: neverKept,
      schema: {
        ...(isAlias ? { hide: true } : { operationId: 'getCompleteness' }),
        summary: "How much of a day's trades of one symbol is here: minutes expected, received, backfilled, unfillable",
        description:
          'By the calendar of its exchange and the ledger of gaps, feed by feed and session by session. A minute that a gap ' +
          'touches counts as missed.',
        tags: ['market'],
        params: SymbolParams,
        querystring: CompletenessQuery,
        response: { 200: Type.Ref('Completeness#'), 404: Type.Ref('ErrorBody#') }
      }
    },
    async ({ params, query }) => loadCompleteness(archive, params.symbol, query.date)
  )
}

/** Throws INVALID_REQUEST for what is no symbol, and for a day to come; else as `Archive` does. */
export async function loadCompleteness(archive: Archive, text: string, date?: string): Promise<Completeness> {
  const symbol = symbolOf(text)
  // East of Greenwich it can already be tomorrow.
  if (date !== undefined && date > isoOf(Date.now() + DAY_MS).slice(0, 10)) {
    throw new InvalidField('date', 'lies in the future')
  }
  return archive.completeness(await archive.instrument(symbol, date), date)
}
