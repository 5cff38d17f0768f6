import { formatCursor, parseCursor } from '../../src/log/cursor.ts'
import type { EventLog } from '../../src/log/log.ts'
import type { Place, Position } from '../../src/log/position.ts'
import { comparePositions } from '../../src/log/positions.ts'

/** A place in a shard of a log of so many, as it is kept: with the life of the log that it is of. */
export function textOfPlace({ epoch, at }: Place, shards: number): string {
  return formatCursor(Array.from({ length: shards }, (_, shard) => (shard === at.shard ? { epoch, at } : undefined)))
}

/** Undefined for what is no place in this shard of a log of so many. */
export function placeOfText(text: string, shard: number, shards: number): Place | undefined {
  return parseCursor(text, shards)?.find(({ at }) => at.shard === shard)
}

/** Until when (epoch ms) entries that come behind a place may have been trimmed; undefined where none can have been. */
export async function trimmedUntil(log: EventLog, position: Position): Promise<number | undefined> {
  const { first, firstAt, last, isWhole } = await log.reach(position.shard)
  const isNewest = !last || comparePositions(last, position) <= 0
  if (isWhole || isNewest || (first && comparePositions(first, position) <= 0)) return undefined
  return firstAt ?? log.timeOf(last)
}
