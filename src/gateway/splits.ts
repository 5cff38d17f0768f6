import { LRUCache } from 'lru-cache'
import type { Split } from '../market/corporate-action.ts'
import type { Priority } from '../market/market-data.ts'
import type { Quote } from '../market/quote.ts'
import { HOUR_MS } from '../market/time.ts'
import { dateIn } from '../market/zoned-time.ts'
import { withTimeout } from '../timeout.ts'
import { judgeQuote, type Judgement, type QuoteContext } from './quality.ts'

/** No rule doubts a smaller move for its size; a 3:2 split is one of a third. */
const SMALLEST_JUMP = 1.4
const MAX_REMEMBERED = 1000
/** A vendor may list in an hour what it does not list yet. */
const REMEMBERED_MS = HOUR_MS
/** Of a listing whose exchange is not known: in its days Europe's and most of Asia's sessions lie. */
const UNKNOWN_ZONE = 'UTC'

export type KnownSplits = (symbol: string, priority: Priority) => Promise<readonly Split[]>

/**
 * Splits by symbol, from `ask`, which is asked once an hour for each and may fail. What it says later than `waitMs` from
 * now counts from the next time on: a quote does not wait for more.
 */
export function createKnownSplits(ask: KnownSplits, waitMs: number): KnownSplits {
  const asked = new LRUCache<string, Promise<readonly Split[]>>({ max: MAX_REMEMBERED, ttl: REMEMBERED_MS })
  return (symbol, priority) => {
    const splits =
      asked.get(symbol) ??
      ask(symbol, priority).catch(() => {
        asked.delete(symbol)
        return []
      })
    asked.set(symbol, splits, { noUpdateTTL: true })
    return withTimeout(splits, waitMs, () => [])
  }
}

/**
 * Judges a quote by every rule, and the price that is held in the shares that there are now: where a quote of another day
 * is so far from it that a split may lie between them, `splitsOf` tells whether one does.
 */
export async function judgeAcrossSplits(
  quote: Quote,
  { now, held, hoursOf }: QuoteContext,
  splitsOf: () => Promise<readonly Split[]>
): Promise<Judgement<Quote>> {
  if (!held || !mayBeSplit(quote, held)) return judgeQuote(quote, { now, held, hoursOf })
  const dayOf = (instant: number) => dateIn(hoursOf(held.symbol)?.calendar.timeZone ?? UNKNOWN_ZONE, instant)
  const [heldOn, today] = [dayOf(Date.parse(held.asOf)), dayOf(now)]
  if (heldOn >= today) return judgeQuote(quote, { now, held, hoursOf })
  const between = (await splitsOf()).filter(({ exDate }) => exDate > heldOn && exDate <= today)
  if (between.length === 0) return judgeQuote(quote, { now, held, hoursOf })

  const ratio = between.reduce((product, split) => product * split.ratio, 1)
  const { value, doubts } = judgeQuote(quote, { now, hoursOf, held: { ...held, price: held.price / ratio } })
  const told = between.map(({ exDate, ratio: shares }) => `${shares} for 1 on ${exDate}`).join(', ')
  const notes = [...(value.provenance.notes ?? []), `split since the price held before: ${told}`]
  return { value: { ...value, provenance: { ...value.provenance, notes } }, doubts }
}

function mayBeSplit(quote: Quote, held: Quote): boolean {
  const jump = Math.max(quote.price / held.price, held.price / quote.price)
  return jump >= SMALLEST_JUMP && held.provenance.state !== 'suspect'
}
