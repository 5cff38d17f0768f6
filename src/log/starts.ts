import type { Start } from './batch.ts'
import type { LogSource } from './source.ts'
import { BEGINNING, endOf, insideOf, isBefore, type StreamPosition } from './stream-position.ts'

/** Where a follower begins, in each shard. */
export async function startsOf(source: LogSource, from: Start): Promise<StreamPosition[]> {
  if (typeof from !== 'string') return from.map(insideOf)
  const shards = Array.from({ length: source.shards }, (_, shard) => shard)
  const reaches = from === 'now' ? await Promise.all(shards.map((shard) => source.reach(shard))) : []
  return shards.map((shard) => endOf(shard, reaches[shard]?.last ?? BEGINNING))
}

/** Behind a position that the log has not reached nothing would be found: its ids, or Redis' clock, are smaller. */
export async function withinReach(source: LogSource, positions: readonly StreamPosition[]): Promise<StreamPosition[]> {
  const reaches = await Promise.all(positions.map(({ shard }) => source.reach(shard)))
  return positions.map((position, at) => {
    const { last = BEGINNING } = reaches[at]!
    return isBefore(last, position) ? endOf(position.shard, last) : position
  })
}
