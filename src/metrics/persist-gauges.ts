import { Counter, Gauge, type Registry } from 'prom-client'

/** What one process has written of the event log to Postgres. */
export type PersistStats = {
  /** Shards of the log that are this process's now. */
  shards: number
  ticks: number
  /** Trades that were held already. */
  duplicates: number
  /** Records that cannot be, or that Postgres refuses. */
  refused: number
  bars: number
  bbo: number
  batches: number
  gaps: number
  /** How long the newest batch took to be written. */
  batchMs: number
  /** How old the newest event of the newest batch was when it was written. */
  lagMs: number
  /** Of entries that wait to be written. */
  waitingBytes: number
  /** Since when Postgres takes nothing, epoch ms; undefined while it does. */
  awaySince: number | undefined
}

export const createPersistStats = (): PersistStats => ({
  shards: 0,
  ticks: 0,
  duplicates: 0,
  refused: 0,
  bars: 0,
  bbo: 0,
  batches: 0,
  gaps: 0,
  batchMs: 0,
  lagMs: 0,
  waitingBytes: 0,
  awaySince: undefined
})

const ROWS = { ticks: 'tick', duplicates: 'duplicate', refused: 'refused', bars: 'bar', bbo: 'bbo' } as const

export function createPersistGauges(registers: Registry[]): (sources: { persist?: PersistStats }) => Promise<void> {
  const rows = new Counter({
    name: 'quotewire_persist_rows_total',
    help: 'Trades, bars, best bids and offers written to Postgres; trades that were held already; records that were refused',
    labelNames: ['kind'],
    registers
  })
  const batches = new Counter({ name: 'quotewire_persist_batches_total', help: 'Transactions', registers })
  const gaps = new Counter({
    name: 'quotewire_persist_gaps_total',
    help: 'Times that the log had lost events before they were written',
    registers
  })
  const shards = new Gauge({ name: 'quotewire_persist_shards', help: 'Shards that this process writes', registers })
  const lag = new Gauge({
    name: 'quotewire_persist_lag_seconds',
    help: 'How old the newest event of the newest batch was when it was written',
    registers
  })
  const batch = new Gauge({ name: 'quotewire_persist_batch_seconds', help: 'How long that took', registers })
  const waiting = new Gauge({
    name: 'quotewire_persist_waiting_bytes',
    help: 'Entries of the log that wait to be written',
    registers
  })
  const away = new Gauge({
    name: 'quotewire_persist_away_seconds',
    help: 'For how long Postgres has taken nothing; 0 while it does',
    registers
  })
  return async ({ persist }) => {
    if (!persist) return
    rows.reset()
    for (const [key, kind] of Object.entries(ROWS)) rows.inc({ kind }, persist[key as keyof typeof ROWS])
    batches.reset()
    batches.inc(persist.batches)
    gaps.reset()
    gaps.inc(persist.gaps)
    shards.set(persist.shards)
    lag.set(persist.lagMs / 1000)
    batch.set(persist.batchMs / 1000)
    waiting.set(persist.waitingBytes)
    away.set(persist.awaySince === undefined ? 0 : (Date.now() - persist.awaySince) / 1000)
  }
}
