import { Gauge, type Registry } from 'prom-client'

/** What the ledger of gaps holds: how many by state and reason, and since when the oldest is as it is. */
export type GapSource = {
  counts(): Promise<readonly { state: string; reason: string; count: number; oldestSeconds: number }[]>
}

export function createGapGauges(registers: Registry[]): (sources: { gaps?: GapSource }) => Promise<void> {
  const labelNames = ['state', 'reason'] as const
  const count = new Gauge({
    name: 'quotewire_gaps',
    help: 'Intervals that lack data, or lacked it until they were filled',
    labelNames,
    registers
  })
  const oldest = new Gauge({
    name: 'quotewire_gap_oldest_seconds',
    help: 'How long ago the oldest of them began',
    labelNames,
    registers
  })
  return async ({ gaps }) => {
    const counts = await gaps?.counts().catch(() => undefined)
    if (!counts) return
    count.reset()
    oldest.reset()
    for (const { state, reason, ...held } of counts) {
      count.set({ state, reason }, held.count)
      oldest.set({ state, reason }, held.oldestSeconds)
    }
  }
}
