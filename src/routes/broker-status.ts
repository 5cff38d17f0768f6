import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { BrokerStatus, StreamReport } from '../market/stream-report.ts'
import { neverKept } from './answer.ts'
import { shared } from './single-flight.ts'
import type { StoredRouteOptions } from './stored-query.ts'

/** `authenticated`: connected, and nobody wants anything of it. */
const WELL: ReadonlySet<StreamReport['state']> = new Set(['live', 'authenticated'])

export const brokerStatusRoutes: FastifyPluginAsyncTypebox<StoredRouteOptions> = async (app, { isAlias }) => {
  const reports = shared(() => app.streamReports())

  app.get(
    '/broker-status',
    {
      config: { access: 'market:read' },
      preHandler: neverKept,
      schema: {
        ...(isAlias ? { hide: true } : { operationId: 'getBrokerStatus' }),
        summary: "What each vendor's stream does now, since when, and what it waits for",
        tags: ['operations'],
        response: { 200: Type.Ref('BrokerStatus#') }
      }
    },
    async () => statusOf(await reports(), Date.now())
  )
}

function statusOf(reports: readonly StreamReport[], now: number): BrokerStatus {
  const well = reports.filter(({ state }) => WELL.has(state)).length
  const streams = reports.map((report) => ({ ...report, ...ageOf(report, now) }))
  if (reports.length === 0) return { status: 'none', text: 'No process listens to a stream', streams }
  const status = well === reports.length ? 'live' : well > 0 ? 'degraded' : 'down'
  return { status, text: `${well} of ${reports.length} streams are connected and live`, streams }
}

function ageOf({ lastEventAt }: StreamReport, now: number): Pick<StreamReport, 'lastEventAgeSeconds'> {
  if (lastEventAt === undefined) return {}
  return { lastEventAgeSeconds: Math.max(0, Math.round((now - Date.parse(lastEventAt)) / 100) / 10) }
}
