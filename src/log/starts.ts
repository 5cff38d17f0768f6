import type { Start } from './batch.ts'
import type { LogSource } from './source.ts'
import { BEGINNING, endOf, insideOf, type EntryPosition } from './entry-position.ts'

/** Where a follower begins, in each shard. */
export async function startsOf(source: LogSource, from: Start): Promise<EntryPosition[]> {
  if (typeof from !== 'string') return from.map(insideOf)
  const shards = Array.from({ length: source.shards }, (_, shard) => shard)
  const reaches = from === 'now' ? await Promise.all(shards.map((shard) => source.reach(shard))) : []
  return shards.map((shard) => endOf(shard, reaches[shard]?.last ?? BEGINNING))
}
