import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Interval } from '../market/bar.ts'
import { Feed } from '../market/provenance.ts'
import type { StoredAudit, StoredDifference } from '../market/stored-audit.ts'
import { neverKept } from './answer.ts'
import { Day, DayOrUtc } from './instant.ts'
import { PAGE_QUERY, pageTokens, PlaceId, PlaceNumber, PlaceText } from './page-token.ts'
import { formatOf, FORMAT_QUERY, rowsAnswer, sendRows } from './row-formats.ts'
import { onePage, withSymbol, type Columns } from './rows.ts'
import type { StoredRouteOptions } from './stored-query.ts'
import { SymbolParams, symbolOf } from './symbol.ts'

const AUDIT_COLUMNS = {
  symbol: 'text',
  tradeDate: 'date',
  interval: 'text',
  source: 'text',
  feed: 'text',
  official: 'text',
  compared: 'integer',
  differences: 'integer',
  auditedAt: 'instant'
} as const satisfies Columns<StoredAudit>

const DIFFERENCE_COLUMNS = {
  id: 'integer',
  start: 'instant',
  cause: 'text',
  tradeDate: 'date',
  interval: 'text',
  source: 'text',
  feed: 'text',
  official: 'text',
  open: 'number',
  high: 'number',
  low: 'number',
  close: 'number',
  volume: 'number',
  officialOpen: 'number',
  officialHigh: 'number',
  officialLow: 'number',
  officialClose: 'number',
  officialVolume: 'number'
} as const satisfies Columns<StoredDifference>

const DATE = Day("Of the session, in the exchange's zone")
const LIMIT = Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'How many' })

const AuditsQuery = Type.Object(
  {
    symbol: Type.Optional(SymbolParams.properties.symbol),
    date: Type.Optional(DATE),
    limit: LIMIT,
    ...FORMAT_QUERY,
    ...PAGE_QUERY
  },
  { additionalProperties: false }
)
const DifferencesQuery = Type.Object(
  { date: DATE, limit: LIMIT, ...FORMAT_QUERY, ...PAGE_QUERY },
  { additionalProperties: false }
)

const auditPlaces = pageTokens(
  'audits',
  Type.Object(
    {
      instrumentId: PlaceId,
      tradeDate: Day('Of the session'),
      interval: Interval,
      source: PlaceText,
      feed: Feed,
      official: PlaceText
    },
    { additionalProperties: false }
  )
)
const differencePlaces = pageTokens(
  'audit-differences',
  Type.Object({ interval: Interval, start: DayOrUtc, id: PlaceNumber }, { additionalProperties: false })
)

/** What own bars were held against the official ones of vendors. */
export const auditRoutes: FastifyPluginAsyncTypebox<StoredRouteOptions> = async (app, { isAlias }) => {
  const { archive } = app
  const config = { access: 'market:read' } as const
  const documented = (operationId: string) => (isAlias ? { hide: true } : { operationId })

  app.get(
    '/audits',
    {
      config,
      preHandler: neverKept,
      schema: {
        ...documented('getAudits'),
        summary: "How many bars of our own making differ from the vendor's official ones; newest sessions first",
        description: 'The job `audit-bars` compares those of 1m and 1d each evening.',
        tags: ['market'],
        querystring: AuditsQuery,
        response: { 200: rowsAnswer('AuditPage', 'audit', AUDIT_COLUMNS), 404: Type.Ref('ErrorBody#') }
      }
    },
    async (request, reply) => {
      const { symbol, date, limit, page } = request.query
      const after = auditPlaces.read(page, request)
      const instrument = symbol === undefined ? undefined : await archive.instrument(symbolOf(symbol), date)
      const { audits, last } = await archive.audits({ tradeDate: date, limit, after }, instrument)
      return sendRows(reply, formatOf(request), {
        name: 'audits',
        columns: AUDIT_COLUMNS,
        head: { next: last && auditPlaces.write(last, request) },
        pages: onePage(audits)
      })
    }
  )

  app.get(
    '/audits/:symbol/differences',
    {
      config,
      preHandler: neverKept,
      schema: {
        ...documented('getAuditDifferences'),
        summary: "Bars of one symbol's session of which the vendor's official ones say something else, and why",
        tags: ['market'],
        params: SymbolParams,
        querystring: DifferencesQuery,
        response: {
          200: rowsAnswer('DifferencePage', 'difference', withSymbol(DIFFERENCE_COLUMNS)),
          404: Type.Ref('ErrorBody#')
        }
      }
    },
    async (request, reply) => {
      const { date, limit, page } = request.query
      const after = differencePlaces.read(page, request)
      const instrument = await archive.instrument(symbolOf(request.params.symbol), date)
      const { differences, last } = await archive.differences(instrument, { tradeDate: date, limit, after })
      return sendRows(reply, formatOf(request), {
        name: 'differences',
        columns: DIFFERENCE_COLUMNS,
        head: { symbol: instrument.symbol, next: last && differencePlaces.write(last, request) },
        pages: onePage(differences)
      })
    }
  )
}
