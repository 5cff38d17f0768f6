import type { Place } from './position.ts'
import { outsideOf } from './entry-position.ts'

/**
 * Cursors of the version before this one: `<epoch>.<shard>.<stream id>.<index>`, one for each shard, joined by commas. Clients
 * hold them while processes are replaced, and no longer than the log reaches back: the next version need not know them.
 */
const PART = /^([0-9a-f]{12})\.(\d{1,4})\.(\d{1,15})-(\d{1,15})\.(\d{1,10})$/

export const isFormerCursor = (text: string): boolean => text.includes('.')

/** Undefined for anything that was never such a cursor. Of several places in a shard the last counts. */
export function parseFormerCursor(text: string): Place[] | undefined {
  const places = new Map<number, Place>()
  for (const part of text.split(',')) {
    const match = PART.exec(part)
    if (!match) return undefined
    const [shard, idHigh, idLow, index] = match.slice(2).map(Number) as [number, number, number, number]
    places.set(shard, { epoch: match[1]!, at: outsideOf({ shard, idHigh, idLow, index }) })
  }
  return [...places.values()]
}
