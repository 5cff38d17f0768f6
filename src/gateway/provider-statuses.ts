import type { ProviderStatus } from '../market/provider-status.ts'
import { CAPABILITIES, type Provider, type ProviderName } from '../providers/provider.ts'
import type { BudgetWindow } from './budget.ts'
import type { Circuits } from './circuits.ts'
import type { Ledger } from './ledger.ts'
import type { ProviderCalls } from './provider-calls.ts'

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
}

/** What an operator sees of every provider, the enabled ones first. */
export async function providerStatuses(sources: StatusSources): Promise<ProviderStatus[]> {
  const enabled = await Promise.all([...sources.providers.values()].map((provider) => statusOf(provider, sources)))
  const disabled = [...sources.off].map(([name, offBecause]): ProviderStatus => ({
    name,
    enabled: false,
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
  { plans, ledger, circuits, calls }: StatusSources
): Promise<ProviderStatus> {
  const { budget, closedUntil } = await ledger.use(provider.name)
  return {
    name: provider.name,
    enabled: true,
    plan: plans[provider.name].plan,
    capabilities: CAPABILITIES.filter((capability) => provider[capability]),
    ...(provider.quotes && { quotesPerRequest: provider.maxQuotesPerRequest }),
    budget,
    ...(closedUntil && { closedUntil: new Date(closedUntil).toISOString() }),
    breakers: circuits.states(provider.name),
    ...calls.record(provider.name).status()
  }
}
