import type { ProviderStatus } from '../market/provider-status.ts'
import { isoOf } from '../market/time.ts'
import { CAPABILITIES, type Provider, type ProviderName } from '../providers/provider.ts'
import type { BudgetWindow } from './budget.ts'
import type { Circuits } from './circuits.ts'
import type { Ledger } from './ledger.ts'
import type { ProviderCalls } from './provider-calls.ts'
import type { ProviderHealth, ProviderHealths } from './provider-health.ts'

export type ProviderPlans = Readonly<
  Record<ProviderName, { readonly plan: string; readonly budget: readonly BudgetWindow[] }>
>

export type StatusSources = {
  providers: ReadonlyMap<ProviderName, Provider>
  off: ReadonlyMap<ProviderName, string>
  plans: ProviderPlans
  ledger: Ledger
  circuits: Circuits
  calls: ProviderCalls
  healths: Pick<ProviderHealths, 'read'>
}

/** What an operator sees of every provider, the enabled ones first. */
export async function providerStatuses(sources: StatusSources): Promise<ProviderStatus[]> {
  const healthOf = await sources.healths.read()
  const enabled = await Promise.all(
    [...sources.providers.values()].map((provider) => statusOf(provider, healthOf(provider.name), sources))
  )
  const disabled = [...sources.off].map(([name, offBecause]): ProviderStatus => ({
    name,
    enabled: false,
    status: 'off',
    offBecause,
    plan: sources.plans[name].plan,
    capabilities: [],
    budget: [],
    breakers: {},
    calls: {}
  }))
  return [...enabled, ...disabled]
}

async function statusOf(
  provider: Provider,
  health: ProviderHealth,
  { plans, ledger, circuits, calls }: StatusSources
): Promise<ProviderStatus> {
  const { budget, closedUntil } = await ledger.use(provider.name)
  const breakers = circuits.states(provider.name)
  return {
    name: provider.name,
    enabled: true,
    ...answeringOf(health, closedUntil, breakers),
    plan: plans[provider.name].plan,
    capabilities: CAPABILITIES.filter((capability) => provider[capability]),
    ...(provider.quotes && { quotesPerRequest: provider.maxQuotesPerRequest }),
    budget,
    ...(closedUntil && { closedUntil: isoOf(closedUntil) }),
    breakers,
    ...calls.record(provider.name).status(),
    ...(health.lastSuccessAt !== undefined && { lastSuccessAt: isoOf(health.lastSuccessAt) })
  }
}

/** Whether it answers. A vendor that fails does so until it answers again, however often its breaker lets a call through. */
function answeringOf(
  { failingSince, failure, lastSuccessAt }: ProviderHealth,
  closedUntil: number | undefined,
  breakers: ProviderStatus['breakers']
): Pick<ProviderStatus, 'status' | 'statusBecause' | 'failingSince'> {
  if (failingSince !== undefined) {
    return { status: 'failing', statusBecause: `its last call came to ${failure}`, failingSince: isoOf(failingSince) }
  }
  if (closedUntil) return { status: 'resting', statusBecause: `refuses requests until ${isoOf(closedUntil)}` }
  const open = Object.keys(breakers).filter((capability) => breakers[capability] === 'open')
  if (open.length > 0) return { status: 'resting', statusBecause: `breaker open for ${open.join(', ')}` }
  return { status: lastSuccessAt === undefined ? 'unknown' : 'up' }
}
