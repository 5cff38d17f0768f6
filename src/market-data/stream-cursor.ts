import { formatCursor, parseCursor } from '../log/cursor.ts'
import type { EventLog } from '../log/log.ts'
import type { Place } from '../log/position.ts'
import { beginningOf } from '../log/positions.ts'

/** How far one shard of the log was written, as its writer noted it. */
export type WrittenShard = { readonly shard: number; readonly position: string }

type Log = Pick<EventLog, 'shards' | 'epoch'>

/**
 * What clients resume by, of how far each shard was written: behind it in the log stands what is not in the store yet. Of a
 * shard of which nothing was ever written that is all that it holds.
 */
export async function streamCursor(log: Log, written: readonly WrittenShard[]): Promise<string | undefined> {
  const places: (Place | undefined)[] = Array.from({ length: log.shards }, () => undefined)
  for (const { shard, position } of written) places[shard] = writtenPlace(log, { shard, position })
  if (places.slice(0, log.shards).includes(undefined)) {
    // Without Redis nobody can say it; then clients learn that they may miss something of those shards.
    const epoch = await log.epoch().catch(() => undefined)
    if (epoch !== undefined) {
      for (let shard = 0; shard < log.shards; shard++) places[shard] ??= { epoch, at: beginningOf(shard) }
    }
  }
  return places.some(Boolean) ? formatCursor(places.slice(0, log.shards)) : undefined
}

/** Undefined where the log had another number of shards then. */
export function writtenPlace({ shards }: Pick<Log, 'shards'>, { shard, position }: WrittenShard): Place | undefined {
  return parseCursor(position, shards)?.find(({ at }) => at.shard === shard)
}
