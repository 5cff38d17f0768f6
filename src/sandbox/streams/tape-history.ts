import { MINUTE_MS } from '../../market/time.ts'
import type { Instrument } from '../universe/instrument.ts'
import type { Tape, TapeBar, TapeQuote, TapeTrade } from './tape.ts'

const ROUND_LOT = 100

/** A part of the past, and from where on the next part is; undefined behind the last one. Epoch milliseconds. */
export type TapePart<Item> = { readonly items: readonly Item[]; readonly next: number | undefined }

type Span = { readonly from: number; readonly until: number; readonly limit: number }

/** The trades that the tape told of [from, until), at most so many. */
export const pastTrades = (tape: Tape, instrument: Instrument, span: Span): TapePart<TapeTrade> =>
  ticksOf(tape, span, (at) => tape.trade(instrument, at))

export const pastQuotes = (tape: Tape, instrument: Instrument, span: Span): TapePart<TapeQuote> =>
  ticksOf(tape, span, (at) => tape.quote(instrument, at))

function ticksOf<Item>(
  { tickMs }: Tape,
  { from, until, limit }: Span,
  itemAt: (at: number) => Item | undefined
): TapePart<Item> {
  const items: Item[] = []
  for (let at = Math.ceil(from / tickMs) * tickMs; at < until; at += tickMs) {
    if (items.length >= limit) return { items, next: at }
    const item = itemAt(at)
    if (item) items.push(item)
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
