import type { EventLog } from '../log/log.ts'
import type { StoreStats } from '../market/store-stats.ts'
import { isoOf } from '../market/time.ts'
import { writtenPlace, type WrittenShard } from './stream-cursor.ts'

type TableSize = { readonly table: string; readonly rows?: number; readonly bytes: number }
type StoreCounts = {
  readonly instruments: number
  readonly series: number
  readonly gaps: ReadonlyMap<string, number>
}
/** How far a shard of the event log was written, and when. */
export type WrittenPlace = WrittenShard & { readonly committedAt: string }

export type StoreSizes = {
  tables(names: readonly string[]): Promise<TableSize[]>
  counts(): Promise<StoreCounts>
}

/** `tables`: those of ticks, best bids and offers, and bars, with their partitions. */
export function statsOf(
  tables: readonly TableSize[],
  { instruments, series, gaps }: StoreCounts,
  written: readonly WrittenPlace[],
  eventLog: Pick<EventLog, 'shards' | 'timeOf'>
): StoreStats {
  const ofTable = (name: string) => tables.filter(({ table }) => table.startsWith(name))
  const [ticks, bbo] = [ofTable('ticks'), ofTable('bbo')]
  const days = ticks.flatMap(({ table, rows, bytes }) => {
    const [, date] = /^ticks_(\d{4}_\d\d_\d\d)$/.exec(table) ?? []
    return date === undefined ? [] : [{ tradeDate: date.replaceAll('_', '-'), ...estimated([{ rows }]), bytes }]
  })
  const bars = tables.filter((table) => !ticks.includes(table) && !bbo.includes(table))
  const gapsIn = (state: string) => gaps.get(state) ?? 0
  return {
    ticks: {
      ...sizeOf(ticks),
      days: days.sort((a, b) => (a.tradeDate < b.tradeDate ? 1 : -1))
    },
    bbo: sizeOf(bbo),
    bars: { series, ...sizeOf(bars) },
    instruments,
    gaps: {
      open: gapsIn('open'),
      filling: gapsIn('filling'),
      filled: gapsIn('filled'),
      unfillable: gapsIn('unfillable')
    },
    written: written.map(({ committedAt, ...place }) => {
      const until = writtenPlace(eventLog, place)
      const ms = until && eventLog.timeOf(until.at)
      return { shard: place.shard, ...(ms && { until: isoOf(ms) }), at: committedAt }
    })
  }
}

type Counted = { readonly rows?: number | undefined }

/** Of tables that were never looked at nobody knows. */
function estimated(tables: readonly Counted[]): { estimatedRows?: number } {
  const known = tables.flatMap(({ rows }) => rows ?? [])
  return known.length === 0 ? {} : { estimatedRows: Math.round(known.reduce((sum, rows) => sum + rows, 0)) }
}

const sizeOf = (tables: readonly TableSize[]) => ({
  ...estimated(tables),
  bytes: tables.reduce((sum, { bytes }) => sum + bytes, 0)
})
