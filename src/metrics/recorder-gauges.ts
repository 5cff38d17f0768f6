import { Counter, Gauge, type Registry } from 'prom-client'

/** What is written to Postgres behind requests. */
export type RecorderSource = {
  readonly stats: {
    readonly kinds: Readonly<
      Record<string, { pending: number; pendingBytes: number; dropped: number; rejected: number; written: number }>
    >
    readonly awaySince: number | undefined
  }
}

export function createRecorderGauges(registers: Registry[]): (sources: { recorder?: RecorderSource }) => Promise<void> {
  const labelNames = ['kind'] as const
  const pending = new Gauge({
    name: 'quotewire_recorder_pending',
    help: 'Values that wait to be written to Postgres',
    labelNames,
    registers
  })
  const bytes = new Gauge({
    name: 'quotewire_recorder_pending_bytes',
    help: 'Memory that these values need, about',
    labelNames,
    registers
  })
  const done = new Counter({
    name: 'quotewire_recorder_values_total',
    help: 'Values written, dropped because too many waited, or refused by the database',
    labelNames: ['kind', 'result'],
    registers
  })
  const away = new Gauge({
    name: 'quotewire_recorder_away_seconds',
    help: 'For how long Postgres has taken nothing; 0 while it does',
    registers
  })
  return async ({ recorder }) => {
    if (!recorder) return
    const { kinds, awaySince } = recorder.stats
    done.reset()
    for (const [kind, stats] of Object.entries(kinds)) {
      pending.set({ kind }, stats.pending)
      bytes.set({ kind }, stats.pendingBytes)
      for (const result of ['written', 'dropped', 'rejected'] as const) done.inc({ kind, result }, stats[result])
    }
    away.set(awaySince === undefined ? 0 : (Date.now() - awaySince) / 1000)
  }
}
