import { Gauge, type Registry } from 'prom-client'
import type { DependencyChecks } from '../market/dependency.ts'
import { checkDependencies } from './dependency-checks.ts'

/** Whether the services that this process needs answer it. */
export function createDependencyGauge(
  registers: Registry[]
): (sources: { dependencies?: DependencyChecks }) => Promise<void> {
  const up = new Gauge({
    name: 'quotewire_dependency_up',
    help: '1 where the service answers this process',
    labelNames: ['dependency'],
    registers
  })
  return async ({ dependencies = {} }) => {
    const found = await checkDependencies(dependencies)
    for (const [dependency, { status }] of Object.entries(found)) up.set({ dependency }, status === 'up' ? 1 : 0)
  }
}
