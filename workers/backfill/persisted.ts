import { setTimeout as delay } from 'node:timers/promises'
import { PERSIST, type LogCursorStore } from '../../db/log-cursors.ts'
import type { EventLog } from '../../src/log/log.ts'
import { comparePositions } from '../../src/log/positions.ts'
import { placeOfText } from '../persist/log-place.ts'

const LOOK_EVERY_MS = 100

/**
 * Waits until everything that a shard of the log holds now is written to Postgres. False where that takes too long, or the log
 * was replaced.
 */
export async function persisted(
  shard: number,
  { eventLog, logCursors }: { readonly eventLog: EventLog; readonly logCursors: LogCursorStore },
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal }
): Promise<boolean> {
  const [epoch, { last }] = await Promise.all([eventLog.epoch(), eventLog.reach(shard)])
  if (!last) return true
  const giveUpAt = performance.now() + timeoutMs
  for (;;) {
    const text = (await logCursors.of(PERSIST)).get(shard)
    const place = text === undefined ? undefined : placeOfText(text, shard, eventLog.shards)
    if (place?.epoch === epoch && comparePositions(place.at, last) >= 0) return true
    if (performance.now() >= giveUpAt) return false
    await delay(LOOK_EVERY_MS, undefined, { signal })
  }
}
