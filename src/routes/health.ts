import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type, type Static } from 'typebox'
import { DATA_CLASSES, type ClassFreshness } from '../market/data-freshness.ts'
import { checkDependencies, Dependency } from '../market/dependency.ts'
import { shared } from './shared-work.ts'

const ProviderHealth = Type.Object({
  status: Type.Enum(['up', 'off', 'resting']),
  reason: Type.Optional(Type.String()),
  lastSuccessAt: Type.Optional(Type.String())
})
type ProviderHealth = Static<typeof ProviderHealth>

const DataHealth = Type.Object({
  status: Type.Enum(['fresh', 'late', 'unused'], { description: 'Of the value served last' }),
  targetSeconds: Type.Number(),
  ageSeconds: Type.Optional(Type.Number()),
  lastServedAt: Type.Optional(Type.String()),
  servedLate: Type.Optional(Type.Integer({ description: 'How often, since the start' }))
})

const Health = Type.Object({
  status: Type.Enum(['ok', 'degraded', 'unavailable']),
  live: Type.Boolean(),
  ready: Type.Boolean({ description: 'Every dependency that tokens and limits need answers' }),
  dependencies: Type.Record(Type.String(), Dependency),
  providers: Type.Record(Type.String(), ProviderHealth),
  data: Type.Record(Type.String(), DataHealth)
})
const Live = Type.Object({ live: Type.Boolean() })

export const healthRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const look = shared(() => Promise.all([checkDependencies(app.dependencies), providersOf(app.marketData)]))

  app.get(
    '/health',
    {
      config: { access: 'none' },
      schema: {
        operationId: 'getHealth',
        summary: 'Each dependency, provider and class of data; 503 where the server is not ready',
        tags: ['operations'],
        response: { 200: Health, 503: Health }
      }
    },
    async (_request, reply) => {
      const [dependencies, providers] = await look()
      const ready = Object.values(dependencies).every(({ status }) => status === 'up')
      const enabled = Object.values(providers).filter(({ status }) => status !== 'off')
      const served = enabled.length > 0 && enabled.every(({ status }) => status === 'up')
      const data = Object.fromEntries(DATA_CLASSES.map((name) => [name, dataHealth(app.freshness[name])]))
      const status = !ready ? 'unavailable' : served ? 'ok' : 'degraded'
      return reply
        .code(ready ? 200 : 503)
        .header('cache-control', 'no-store')
        .send({ status, live: true, ready, dependencies, providers, data })
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

async function providersOf(marketData: { providers(): Promise<ProviderSummary[]> }) {
  const statuses = await marketData.providers()
  return Object.fromEntries(statuses.map((status) => [status.name, providerHealth(status)]))
}

type ProviderSummary = {
  name: string
  enabled: boolean
  offBecause?: string
  closedUntil?: string
  breakers: Record<string, string>
  lastSuccessAt?: string
}

function providerHealth({
  enabled,
  offBecause,
  closedUntil,
  breakers,
  lastSuccessAt
}: ProviderSummary): ProviderHealth {
  const open = Object.keys(breakers).filter((capability) => breakers[capability] === 'open')
  const seen = lastSuccessAt === undefined ? {} : { lastSuccessAt }
  if (!enabled) return { status: 'off', ...(offBecause !== undefined && { reason: offBecause }) }
  if (closedUntil) return { status: 'resting', reason: `refuses requests until ${closedUntil}`, ...seen }
  if (open.length > 0) return { status: 'resting', reason: `breaker open for ${open.join(', ')}`, ...seen }
  return { status: 'up', ...seen }
}

function dataHealth({ served, servedLate, targetSeconds, lastAgeMs, lastLate, lastServedAt }: ClassFreshness) {
  if (served === 0) return { status: 'unused' as const, targetSeconds }
  return {
    status: lastLate ? ('late' as const) : ('fresh' as const),
    targetSeconds,
    ageSeconds: Math.round(lastAgeMs / 1000),
    lastServedAt: new Date(lastServedAt).toISOString(),
    servedLate
  }
}
