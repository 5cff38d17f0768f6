import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { GapReason, GapState, type Gap } from '../market/gap.ts'
import { DAY_MS } from '../market/time.ts'
import { neverKept } from './answer.ts'
import { DayOrUtc } from './instant.ts'
import { PAGE_QUERY, pageTokens, PlaceNumber } from './page-token.ts'
import { formatOf, FORMAT_QUERY, rowsAnswer, sendRows } from './row-formats.ts'
import { onePage, type Columns } from './rows.ts'
import { END, resolveSpan, SOURCE_QUERY, START, type StoredRouteOptions } from './stored-query.ts'
import { SymbolParams, symbolOf } from './symbol.ts'

const DEFAULT_DAYS = 30

const COLUMNS = {
  id: 'integer',
  source: 'text',
  feed: 'text',
  symbol: 'text',
  from: 'instant',
  until: 'instant',
  reason: 'text',
  state: 'text',
  stateAt: 'instant',
  detail: 'text'
} as const satisfies Columns<Gap>

const GapsQuery = Type.Object(
  {
    symbol: Type.Optional(
      Type.String({
        ...SymbolParams.properties.symbol,
        description: 'The gaps of one symbol, and those of all that a feed carries'
      })
    ),
    ...SOURCE_QUERY,
    state: Type.Optional(Type.Enum([...GapState.enum], { description: 'What became of them' })),
    reason: Type.Optional(Type.Enum([...GapReason.enum], { description: 'Why data may be missing' })),
    start: Type.Optional(START),
    end: Type.Optional(END),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'How many gaps' }),
    ...FORMAT_QUERY,
    ...PAGE_QUERY
  },
  { additionalProperties: false }
)

const places = pageTokens('gaps', Type.Object({ from: DayOrUtc, id: PlaceNumber }, { additionalProperties: false }))

/** The ledger of gaps. */
export const gapRoutes: FastifyPluginAsyncTypebox<StoredRouteOptions> = async (app, { isAlias }) => {
  const { archive } = app

  app.get(
    '/gaps',
    {
      config: { access: 'market:read' },
      preHandler: neverKept,
      schema: {
        ...(isAlias ? { hide: true } : { operationId: 'getGaps' }),
        summary: 'Intervals of which data of streams may be missing, and what became of them; newest first',
        description: `Those that touch a range: of the last ${DEFAULT_DAYS} days unless one is named.`,
        tags: ['market'],
        querystring: GapsQuery,
        response: { 200: rowsAnswer('GapPage', 'gap', COLUMNS), 404: Type.Ref('ErrorBody#') }
      }
    },
    async (request, reply) => {
      const { symbol, source, feed, state, reason, start, end, limit, page } = request.query
      const { from, to } = resolveSpan({ start, end }, Date.now(), DEFAULT_DAYS * DAY_MS)
      const after = places.read(page, request)
      const instrument = symbol === undefined ? undefined : await archive.instrument(symbolOf(symbol))
      const filter = { source, feed, state, reason, from: from.ms, to: to.ms }
      const { gaps, hasMore } = await archive.gaps(filter, { limit, after }, instrument)
      const last = hasMore ? gaps.at(-1) : undefined
      return sendRows(reply, formatOf(request), {
        name: 'gaps',
        columns: COLUMNS,
        head: { next: last && places.write({ from: last.from, id: last.id }, request) },
        pages: onePage(gaps)
      })
    }
  )
}
