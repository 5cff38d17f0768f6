import { isValueAtFault } from '../../db/failures.ts'
import { MarketDataUnavailable } from '../../src/errors.ts'
import type { Payload } from '../../src/jobs/catalog.ts'
import { isIntraday, type BarRequest } from '../../src/market/bar.ts'
import { DAY_MS } from '../../src/market/time.ts'
import { skipped, type Handler } from '../handler.ts'
import { isForGood, isStale } from '../refusals.ts'

/** When providers that gave nothing are asked again. */
const RETRY_SECONDS = 30
/** What every vendor gives in one answer. */
const PIECE_DAYS = { intraday: 30, daily: 5 * 365 }
/** So many of the symbols that failed are named. */
const MAX_NAMED = 20

type Range = Pick<BarRequest, 'from' | 'to'>
type Progress = { done: number; items: number; failures: number; failed: string[] }

/**
 * Fetches bars of a past range piece by piece. A piece is in Postgres before it counts as done, so that another try, after a
 * failure or in place of a dead worker, goes on with the next one; bars written twice are the same rows. A piece that no
 * provider has, or that cannot be right, costs only itself.
 */
export const backfillHistory: Handler<'backfill-history'> = async (payload, { marketData, stores, now }, run) => {
  const { symbols, interval, adjusted = 'splits' } = payload
  const ranges = rangesOf(payload, now())
  if (ranges.length === 0) return skipped('the range lies in the future')
  const total = symbols.length * ranges.length
  const progress = progressOf(run.earlierProgress)
  while (progress.done < total) {
    run.signal.throwIfAborted()
    const symbol = symbols[Math.floor(progress.done / ranges.length)]!
    const { from, to } = ranges[progress.done % ranges.length]!
    try {
      const answer = await marketData.bars({ symbol, interval, adjusted, from, to }, 'background')
      if (isStale(answer)) throw new MarketDataUnavailable(symbol, answer.value.provenance.attempts, RETRY_SECONDS)
      progress.items += await stores.bars.upsert(answer.value)
    } catch (error) {
      if (!isForGood(error) && !isValueAtFault(error)) throw error
      progress.failures++
      if (progress.failed.length < MAX_NAMED && !progress.failed.includes(symbol)) progress.failed.push(symbol)
    }
    progress.done++
    await run.progress({ ...progress, total, symbol })
  }
  const { items, failures, failed } = progress
  return { items, failures, ...(failures > 0 && { note: `not all bars of ${failed.join(', ')}` }) }
}

function rangesOf({ interval, from, to }: Payload<'backfill-history'>, now: number): Range[] {
  const start = Date.parse(from)
  const endOfToday = Math.ceil(now / DAY_MS) * DAY_MS
  const end = to === undefined ? endOfToday : Math.min(Date.parse(to) + DAY_MS, endOfToday)
  const length = (isIntraday(interval) ? PIECE_DAYS.intraday : PIECE_DAYS.daily) * DAY_MS
  return Array.from({ length: Math.max(0, Math.ceil((end - start) / length)) }, (_, index) => ({
    from: start + index * length,
    to: Math.min(start + (index + 1) * length, end)
  }))
}

function progressOf(earlier: unknown): Progress {
  const held = typeof earlier === 'object' && earlier !== null && 'done' in earlier ? (earlier as Progress) : undefined
  return { done: 0, items: 0, failures: 0, ...held, failed: [...(held?.failed ?? [])] }
}
