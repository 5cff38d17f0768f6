import { Counter, Gauge, type Registry } from 'prom-client'
import { DATA_CLASSES, type DataFreshness } from '../market/data-freshness.ts'

/** How old the values that were served were, beside what is promised. */
export function createFreshnessGauges(
  registers: Registry[]
): (sources: { freshness?: DataFreshness }) => Promise<void> {
  const labelNames = ['class'] as const
  const target = new Gauge({
    name: 'quotewire_data_age_target_seconds',
    help: 'How old values of a class may be by promise',
    labelNames,
    registers
  })
  const last = new Gauge({
    name: 'quotewire_data_age_seconds',
    help: 'How old the value served last was',
    labelNames,
    registers
  })
  const served = new Counter({ name: 'quotewire_data_served_total', help: 'Values served', labelNames, registers })
  const late = new Counter({
    name: 'quotewire_data_served_late_total',
    help: 'Values served past their freshness and older than the target',
    labelNames,
    registers
  })
  return async ({ freshness }) => {
    if (!freshness) return
    served.reset()
    late.reset()
    for (const name of DATA_CLASSES) {
      const labels = { class: name }
      target.set(labels, freshness[name].targetSeconds)
      served.inc(labels, freshness[name].served)
      late.inc(labels, freshness[name].servedLate)
      if (freshness[name].served > 0) last.set(labels, freshness[name].lastAgeMs / 1000)
    }
  }
}
