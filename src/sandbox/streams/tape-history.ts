import { MINUTE_MS } from '../../market/time.ts'
import type { Instrument } from '../universe/instrument.ts'
import type { Tape, TapeBar, TapeTrade } from './tape.ts'

const ROUND_LOT = 100

/** A part of the past, and from where on the next part is; undefined behind the last one. Epoch milliseconds. */
export type TapePart<Item> = { readonly items: readonly Item[]; readonly next: number | undefined }

/** What the tape told of [from, until), at most so many trades. */
export function pastTrades(
  tape: Tape,
  instrument: Instrument,
  { from, until, limit }: { readonly from: number; readonly until: number; readonly limit: number }
): TapePart<TapeTrade> {
  const items: TapeTrade[] = []
  for (let at = Math.ceil(from / tape.tickMs) * tape.tickMs; at < until; at += tape.tickMs) {
    if (items.length >= limit) return { items, next: at }
    const trade = tape.trade(instrument, at)
    if (trade) items.push(trade)
  }
  return { items, next: undefined }
}

/** The minutes that began in [from, until) and are over at `now`, at most so many, made of the tape's trades by its rules. */
export function pastMinutes(
  tape: Tape,
  instrument: Instrument,
  {
    from,
    until,
    limit,
    now
  }: { readonly from: number; readonly until: number; readonly limit: number; readonly now: number }
): TapePart<TapeBar> {
  const items: TapeBar[] = []
  for (let start = Math.ceil(from / MINUTE_MS) * MINUTE_MS; start < until; start += MINUTE_MS) {
    if (start + MINUTE_MS > now) break
    if (items.length >= limit) return { items, next: start }
    const { items: trades } = pastTrades(tape, instrument, { from: start, until: start + MINUTE_MS, limit: Infinity })
    const bar = barOf(start, trades)
    if (bar) items.push(bar)
  }
  return { items, next: undefined }
}

/** Of an odd lot the volume counts, and no price. */
function barOf(start: number, trades: readonly TapeTrade[]): TapeBar | undefined {
  const prices = trades.filter(({ size }) => size >= ROUND_LOT).map(({ price }) => price)
  if (prices.length === 0) return undefined
  const thousandths = trades.reduce((sum, { size }) => sum + Math.round(size * 1000), 0)
  return {
    start,
    open: prices[0]!,
    high: Math.max(...prices),
    low: Math.min(...prices),
    close: prices.at(-1)!,
    volume: thousandths / 1000
  }
}
