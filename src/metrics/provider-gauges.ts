import { Gauge, type Registry } from 'prom-client'
import type { BreakerState, ProviderStatus } from '../market/provider-status.ts'

const BREAKER_VALUES: Record<BreakerState, number> = { closed: 0, half_open: 1, open: 2 }

export type ProviderSource = { providers(): Promise<ProviderStatus[]> }

/** What may be asked of each provider. */
export function createProviderGauges(
  registers: Registry[]
): (sources: { marketData?: ProviderSource }) => Promise<void> {
  const enabled = new Gauge({
    name: 'quotewire_provider_enabled',
    help: '1 where the provider is asked',
    labelNames: ['provider'],
    registers
  })
  const left = new Gauge({
    name: 'quotewire_provider_budget_left',
    help: 'What is left of a budget until it resets',
    labelNames: ['provider', 'unit', 'per'],
    registers
  })
  const limit = new Gauge({
    name: 'quotewire_provider_budget_limit',
    help: 'A budget in full',
    labelNames: ['provider', 'unit', 'per'],
    registers
  })
  const breaker = new Gauge({
    name: 'quotewire_provider_breaker',
    help: '0 closed, 1 half open, 2 open',
    labelNames: ['provider', 'capability'],
    registers
  })
  return async ({ marketData }) => {
    const statuses: ProviderStatus[] = (await marketData?.providers().catch(() => undefined)) ?? []
    for (const status of statuses) {
      const provider = status.name
      enabled.set({ provider }, status.enabled ? 1 : 0)
      for (const { unit, per, ...use } of status.budget) {
        left.set({ provider, unit, per }, use.left)
        limit.set({ provider, unit, per }, use.limit)
      }
      for (const [capability, state] of Object.entries(status.breakers)) {
        breaker.set({ provider, capability }, BREAKER_VALUES[state])
      }
    }
  }
}
