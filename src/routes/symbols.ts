import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Instrument, KnownSymbol } from '../market/instrument.ts'
import { neverKept } from './answer.ts'
import { SEARCH_WORDS, wordsOf } from './instrument-directory.ts'
import { PAGE_QUERY, pageTokens, PlaceText } from './page-token.ts'
import { formatOf, FORMAT_QUERY, rowsAnswer, sendRows } from './row-formats.ts'
import { onePage, type Columns } from './rows.ts'

const COLUMNS = {
  symbol: 'text',
  name: 'text',
  kind: 'text',
  mic: 'text',
  exchange: 'text',
  country: 'text',
  currency: 'text'
} as const satisfies Columns<KnownSymbol>

const SymbolsQuery = Type.Object(
  {
    q: Type.Optional(Type.String({ ...SEARCH_WORDS, examples: ['reliance'] })),
    limit: Type.Integer({ minimum: 1, maximum: 5000, default: 1000, description: 'How many symbols' }),
    ...FORMAT_QUERY,
    ...PAGE_QUERY
  },
  { additionalProperties: false }
)

const places = pageTokens('symbols', Type.Object({ symbol: PlaceText }, { additionalProperties: false }))

/** The symbols that this server knows, without asking anybody. */
export const symbolRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/symbols',
    {
      config: { access: 'market:read' },
      preHandler: neverKept,
      schema: {
        operationId: 'getSymbols',
        summary: 'Symbols that are known here and still listed, in their order: no vendor is asked',
        description:
          'All that was asked for, and what master files list. Vendors know more: /search asks them. ' +
          '/marketdata/instruments tells more of each.',
        tags: ['market'],
        querystring: SymbolsQuery,
        response: { 200: rowsAnswer('SymbolPage', 'symbol', COLUMNS) }
      }
    },
    async (request, reply) => {
      const { q, limit, page } = request.query
      const after = places.read(page, request)?.symbol ?? ''
      const words = q === undefined ? undefined : wordsOf(q, 'q')
      const { instruments, hasMore } = await app.archive.instruments({ words }, { limit, after })
      const last = hasMore ? instruments.at(-1) : undefined
      return sendRows(reply, formatOf(request), {
        name: 'symbols',
        columns: COLUMNS,
        head: { next: last && places.write({ symbol: last.symbol }, request) },
        pages: onePage(instruments.map(shown))
      })
    }
  )
}

function shown({ symbol, name, kind, mic, exchange, country, currency }: Instrument): KnownSymbol {
  return {
    symbol,
    ...(name !== undefined && { name }),
    ...(kind !== undefined && { kind }),
    ...(mic !== undefined && { mic }),
    ...(exchange !== undefined && { exchange }),
    ...(country !== undefined && { country }),
    ...(currency !== undefined && { currency })
  }
}
