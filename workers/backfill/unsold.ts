import type { GapStore } from '../../db/gaps.ts'

const GAPS_AT_ONCE = 100

/** Vendors that are listened to and of whose past nothing can be had, by the name that their gaps have. */
const UNSOLD: Readonly<Record<string, string>> = {
  finnhub: 'finnhub numbers no trades, and sells none of before',
  tiingo: 'tiingo tells quotes here, and none of before',
  yahoo: 'yahoo tells quotes here, and none of before'
}

/** Calls gaps what they are that nobody can ever fill; returns how many there were. */
export async function giveUpUnsold(gaps: Pick<GapStore, 'fillable' | 'move'>, signal: AbortSignal): Promise<number> {
  let count = 0
  for (const [source, reason] of Object.entries(UNSOLD)) {
    for (;;) {
      signal.throwIfAborted()
      const fillable = await gaps.fillable(source, GAPS_AT_ONCE)
      for (const { id, state } of fillable) if (await gaps.move(id, state, 'unfillable', reason)) count++
      if (fillable.length < GAPS_AT_ONCE) break
    }
  }
  return count
}
