import type { Answer } from '../market/market-data.ts'
import { isNegative, type Entry } from './entry.ts'
import type { MemoryTier } from './memory-tier.ts'
import { comesBefore, type OrderOf } from './order.ts'

/**
 * Of what memory and Redis hold of each key the newer one, but a value that is held at all before a negative entry. Redis
 * (`readRedis`, in the order of the keys) is asked only where memory holds nothing fresh at `now` (epoch ms).
 */
export async function heldEntries<T>(
  keys: readonly string[],
  memory: Pick<MemoryTier<T>, 'peek'>,
  readRedis: (keys: readonly string[]) => Promise<(Entry<T> | undefined)[]>,
  { now, order }: { now: number; order: OrderOf<T> | undefined }
): Promise<Map<string, Entry<T>>> {
  const entries = new Map<string, Entry<T>>()
  for (const key of keys) {
    const entry = memory.peek(key)
    if (entry) entries.set(key, entry)
  }
  const inDoubt = keys.filter((key) => (entries.get(key)?.freshUntil ?? 0) <= now)
  for (const [index, entry] of (await readRedis(inDoubt)).entries()) {
    const key = inDoubt[index]!
    if (entry && isBetter(entry, entries.get(key), order)) entries.set(key, entry)
  }
  return entries
}

function isBetter<T>(entry: Entry<T>, held: Entry<T> | undefined, order: OrderOf<T> | undefined): boolean {
  if (!held) return true
  return comesBefore(held, entry, order) && (isNegative(held) || !isNegative(entry))
}

/** What memory holds, however old. */
export function heldInMemory<T>(keys: readonly string[], memory: Pick<MemoryTier<T>, 'peek'>): Map<string, Answer<T>> {
  const held = new Map<string, Answer<T>>()
  for (const key of keys) {
    const entry = memory.peek(key)
    if (entry && !isNegative(entry)) held.set(key, entry)
  }
  return held
}
