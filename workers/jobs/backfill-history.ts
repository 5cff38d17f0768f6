import { isIntraday, type BarRequest } from '../../src/market/bar.ts'
import { MarketDataUnavailable, SymbolNotFound } from '../../src/errors.ts'
import type { Payload } from '../../src/jobs/catalog.ts'
import type { Handler } from '../handler.ts'
import { isStale } from '../refusals.ts'

const DAY_MS = 86_400_000
/** When providers that gave nothing are asked again. */
const RETRY_SECONDS = 30
/** What every vendor gives in one answer. */
const PIECE_DAYS = { intraday: 30, daily: 5 * 365 }

type Piece = Pick<BarRequest, 'symbol' | 'from' | 'to'>

/**
 * Fetches bars of a past range piece by piece. A piece is in Postgres before it counts as done, so that another try, after a
 * failure or in place of a dead worker, goes on with the next one; bars written twice are the same rows.
 */
export const backfillHistory: Handler<'backfill-history'> = async (payload, { marketData, stores, now }, run) => {
  const { interval, adjusted = 'splits' } = payload
  const pieces = piecesOf(payload, now())
  let { done, items, failures } = { items: 0, failures: 0, ...progressOf(run.earlierProgress) }
  for (const { symbol, from, to } of pieces.slice(done)) {
    run.signal.throwIfAborted()
    try {
      const answer = await marketData.bars({ symbol, interval, adjusted, from, to }, 'background')
      if (isStale(answer)) throw new MarketDataUnavailable(symbol, answer.value.provenance.attempts, RETRY_SECONDS)
      items += await stores.bars.upsert(answer.value)
    } catch (error) {
      if (!(error instanceof SymbolNotFound)) throw error
      failures++
    }
    done++
    await run.progress({ done, total: pieces.length, items, failures, symbol })
  }
  return { items, failures }
}

function piecesOf({ symbols, interval, from, to }: Payload<'backfill-history'>, now: number): Piece[] {
  const start = Date.parse(from)
  const endOfToday = Math.ceil(now / DAY_MS) * DAY_MS
  const end = to === undefined ? endOfToday : Math.min(Date.parse(to) + DAY_MS, endOfToday)
  const length = (isIntraday(interval) ? PIECE_DAYS.intraday : PIECE_DAYS.daily) * DAY_MS
  return symbols.flatMap((symbol) =>
    Array.from({ length: Math.max(0, Math.ceil((end - start) / length)) }, (_, index) => ({
      symbol,
      from: start + index * length,
      to: Math.min(start + (index + 1) * length, end)
    }))
  )
}

function progressOf(progress: unknown): { done: number; items?: number; failures?: number } {
  return typeof progress === 'object' && progress !== null && 'done' in progress
    ? (progress as { done: number })
    : { done: 0 }
}
