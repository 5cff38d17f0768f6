import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type, type Static } from 'typebox'
import { DATA_CLASSES, type ClassFreshness } from '../market/data-freshness.ts'
import { Dependency } from '../market/dependency.ts'
import { checkDependencies } from '../metrics/dependency-checks.ts'
import type { MarketData } from '../market/market-data.ts'
import { Answering } from '../market/provider-status.ts'
import { isoOf } from '../market/time.ts'
import { VERSION } from '../version.ts'
import { shared } from './single-flight.ts'

/** What cached reads, limits and streams cannot do without; without the others the server is degraded. */
const NEEDED_TO_SERVE = ['redis', 'redisCache', 'redisLog', 'kafka']

const Instant = Type.String({ format: 'date-time' })
const ProviderHealth = Type.Object({
  status: Answering,
  reason: Type.Optional(Type.String()),
  failingSince: Type.Optional(Instant),
  lastSuccessAt: Type.Optional(Instant)
})
type ProviderHealth = Static<typeof ProviderHealth>

const DataHealth = Type.Object({
  status: Type.Enum(['fresh', 'late', 'failing', 'unused'], {
    description: 'Of the value served last; failing where no renewal works, whatever is still served'
  }),
  targetSeconds: Type.Number(),
  failingSince: Type.Optional(Instant),
  ageSeconds: Type.Optional(Type.Number()),
  lastServedAt: Type.Optional(Instant),
  servedLate: Type.Optional(Type.Integer({ description: 'How often, since the start' }))
})
type DataHealth = Static<typeof DataHealth>

const Health = Type.Object({
  status: Type.Enum(['ok', 'degraded', 'unavailable']),
  live: Type.Boolean(),
  ready: Type.Boolean({ description: `Whether it can serve: ${NEEDED_TO_SERVE.join(' and ')} answer` }),
  version: Type.String(),
  market: Type.Enum(['sandbox', 'live']),
  uptimeSeconds: Type.Integer({ description: 'Of this process' }),
  dependencies: Type.Record(Type.String(), Dependency),
  log: Type.Object({
    reachSeconds: Type.Optional(
      Type.Number({ description: 'How far back clients can resume if events go on coming as they do' })
    )
  }),
  providers: Type.Record(Type.String(), ProviderHealth),
  data: Type.Record(Type.String(), DataHealth)
})
const Live = Type.Object({ live: Type.Boolean() })

export const healthRoutes: FastifyPluginAsyncTypebox<{ market: 'sandbox' | 'live' }> = async (app, { market }) => {
  const { marketData } = app
  const look = shared(() =>
    Promise.all([
      checkDependencies(app.dependencies),
      providersOf(marketData),
      failingClasses(marketData),
      app.live.logReachSeconds()
    ])
  )

  app.get(
    '/health',
    {
      config: { access: 'none' },
      schema: {
        operationId: 'getHealth',
        summary: 'Each dependency, provider and class of data; 503 where the server cannot serve',
        tags: ['operations'],
        response: { 200: Health, 503: Health }
      }
    },
    async (_request, reply) => {
      const [dependencies, providers, failing, reachSeconds] = await look()
      const isUp = (name: string) => dependencies[name]?.status !== 'down'
      const ready = NEEDED_TO_SERVE.every(isUp)
      const enabled = Object.values(providers).filter(({ status }) => status !== 'off')
      const served = enabled.length > 0 && enabled.every(({ status }) => status === 'up' || status === 'unknown')
      const isWhole = served && Object.keys(dependencies).every(isUp)
      const data = Object.fromEntries(
        DATA_CLASSES.map((name) => [name, dataHealth(app.freshness[name], failing.get(name))])
      )
      return reply
        .code(ready ? 200 : 503)
        .header('cache-control', 'no-store')
        .send({
          status: !ready ? 'unavailable' : isWhole ? 'ok' : 'degraded',
          live: true,
          ready,
          version: VERSION,
          market,
          uptimeSeconds: Math.floor(process.uptime()),
          dependencies,
          log: { ...(reachSeconds !== undefined && { reachSeconds }) },
          providers,
          data
        })
    }
  )

  app.get(
    '/health/live',
    {
      config: { access: 'none' },
      schema: {
        operationId: 'getLiveness',
        summary: 'Whether this process answers at all, whatever its dependencies do: what a supervisor restarts on',
        tags: ['operations'],
        response: { 200: Live }
      }
    },
    async () => ({ live: true })
  )
}

async function providersOf(marketData: Pick<MarketData, 'providers'>): Promise<Record<string, ProviderHealth>> {
  const statuses = await marketData.providers()
  return Object.fromEntries(
    statuses.map(({ name, status, offBecause, statusBecause, failingSince, lastSuccessAt }) => {
      const reason = offBecause ?? statusBecause
      const instants = { ...(failingSince && { failingSince }), ...(lastSuccessAt && { lastSuccessAt }) }
      return [name, { status, ...(reason !== undefined && { reason }), ...instants }]
    })
  )
}

/** Since when classes of data could not be renewed, by name. */
async function failingClasses(marketData: Pick<MarketData, 'cacheStats'>): Promise<Map<string, string>> {
  const { namespaces } = await marketData.cacheStats()
  return new Map(
    namespaces.flatMap(({ namespace, failingSince }) => (failingSince === undefined ? [] : [[namespace, failingSince]]))
  )
}

function dataHealth(freshness: ClassFreshness, failingSince: string | undefined): DataHealth {
  const { served, servedLate, targetSeconds, lastAgeMs, lastLate, lastServedAt } = freshness
  const failing = failingSince === undefined ? undefined : ({ status: 'failing', failingSince } as const)
  if (served === 0) return { status: 'unused', targetSeconds, ...failing }
  return {
    status: lastLate ? 'late' : 'fresh',
    targetSeconds,
    ageSeconds: Math.round(lastAgeMs / 1000),
    lastServedAt: isoOf(lastServedAt),
    servedLate,
    ...failing
  }
}
