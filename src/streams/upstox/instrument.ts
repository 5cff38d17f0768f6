import { withoutAbsent } from '../../market/absent.ts'
import type { Bbo } from '../../market/bbo.ts'
import { figuresToldAt, withNewer, type DerivativeFigures, type PlainFigures } from '../../market/derivative-figures.ts'
import { quoteUpdate, type MarketEvent } from '../../market/event.ts'
import { identityOfSymbol } from '../../market/identity.ts'
import type { Feed as MarketFeed, Provenance } from '../../market/provenance.ts'
import type { Quote } from '../../market/quote.ts'
import { isoOf } from '../../market/time.ts'
import type { Trade } from '../../market/trade.ts'
import { possibleInstant } from '../fields.ts'
import type { Arrival } from '../mapper.ts'
import type { PlaceOf } from '../tick-place.ts'
import type { Book, Day, LastTrade, Reading } from './reading.ts'

export const SOURCE = 'upstox'
export const CURRENCY = 'INR'
/** On a trade that stands for all that happened since the one before: its price is the last one's, its size that of all. */
export const MERGED = 'MERGED'
/** Figures of a contract change with each frame: they are told at most so often, and at once where its open interest changes. */
const FIGURES_EVERY_MS = 1000
const SNAPSHOT = 'a snapshot of the vendor, and no event: what traded before it was not told'

/** What a frame is read with. */
export type Context = {
  readonly feed: MarketFeed
  readonly placeOf: PlaceOf
  readonly arrival: Arrival
  /** `arrival.receivedAt` as ISO text. */
  readonly receivedAt: string
  /** When the vendor made the frame, epoch milliseconds. */
  readonly toldAt: number
  /** Whether it says how things stand, in answer to a subscription. */
  readonly isSnapshot: boolean
}

/**
 * One instrument as the frames of a connection tell it, which say what changed. The vendor numbers no trades and tells the
 * last one of some hundred milliseconds, with the volume of the day: what a frame brings is one trade of the volume that
 * was added. The first frame is where to begin, and no trade. An index is not traded: its values are quotes.
 */
export class UpstoxInstrument {
  /** Canonical. */
  readonly symbol: string
  readonly #isIndex: boolean
  #isKnown = false
  #last: LastTrade | undefined
  #tradeDate = ''
  /** Volume of the day that was told as trades, or traded before the first frame; undefined where frames tell none. */
  #toldVolume: number | undefined
  #book: Book = {}
  #previousClose: number | undefined
  #day: Day | undefined
  #figures: DerivativeFigures | undefined
  #figuresToldAt = -Infinity

  constructor(symbol: string, isIndex: boolean) {
    this.symbol = symbol
    this.#isIndex = isIndex
  }

  /** What is new. Throws FieldError, and is as before then, where an instant cannot be. */
  take(reading: Reading, context: Context): MarketEvent[] {
    const { book, volume } = reading
    const { receivedAt } = context.arrival
    if (reading.last) possibleInstant('ltt', { ms: reading.last.at, ns: 0 }, receivedAt)
    if (book) possibleInstant('currentTs', { ms: context.toldAt, ns: 0 }, receivedAt)
    const isFirst = !this.#isKnown
    this.#isKnown = true
    const last = reading.last ?? this.#last
    const isNewTrade = last !== undefined && !isSame(last, this.#last)
    const hasFigures = this.#noteFigures(reading.figures, context)
    const isNews = this.#noteDay(reading, last) || hasFigures || isFirst || context.isSnapshot
    this.#last = last
    const events: MarketEvent[] = []
    if (book && !this.#isIndex) events.push(...this.#quoted(book, isFirst, context))
    if (last && (isNews || (this.#isIndex && isNewTrade))) {
      events.push(quoteUpdate(this.#quote(last, context, isFirst ? volume : undefined)))
    }
    if (last && isNewTrade && !this.#isIndex) events.push(...this.#traded(last, volume, isFirst, context))
    return events
  }

  /** Whether the day has what no trade that is told says. */
  #noteDay({ day, previousClose }: Reading, last: LastTrade | undefined): boolean {
    const held = this.#day
    const isNewClose = previousClose !== undefined && previousClose !== this.#previousClose
    if (previousClose !== undefined) this.#previousClose = previousClose
    if (!day) return isNewClose
    this.#day = day
    const high = Math.max(held?.high ?? 0, last?.price ?? 0)
    const low = Math.min(held?.low ?? Infinity, last?.price ?? Infinity)
    return isNewClose || day.open !== held?.open || day.high > high || day.low < low
  }

  /** Whether there are any to be told now. */
  #noteFigures(figures: PlainFigures | undefined, { arrival, toldAt }: Context): boolean {
    if (!figures) return false
    const held = this.#figures
    const { openInterest } = figures
    const isDue =
      (openInterest !== undefined && openInterest !== held?.openInterest) ||
      arrival.receivedAt >= this.#figuresToldAt + FIGURES_EVERY_MS
    if (!isDue || (held && isSameFigures(figures, held))) return false
    const told = figuresToldAt(figures, isoOf(toldAt))
    this.#figures = held ? withNewer(held, told) : told
    this.#figuresToldAt = arrival.receivedAt
    return true
  }

  #quoted(book: Book, isFirst: boolean, context: Context): MarketEvent[] {
    if (!isFirst && isSameBook(book, this.#book)) return []
    const isEmpty = !book.bid && !book.ask
    this.#book = book
    if (isFirst && isEmpty) return []
    const { bid, ask } = book
    const bbo = withoutAbsent<Bbo>({
      ...this.#stamped(context.toldAt, context),
      bid: bid?.price,
      bidSize: bid?.size,
      ask: ask?.price,
      askSize: ask?.size,
      currency: CURRENCY
    })
    return [{ type: 'bbo', data: { symbol: this.symbol, bbo, timestamp: bbo.asOf } }]
  }

  #traded(last: LastTrade, volume: number | undefined, isFirst: boolean, context: Context): MarketEvent[] {
    const { tradeDate } = context.placeOf(this.symbol, last.at)
    if (tradeDate !== this.#tradeDate && this.#toldVolume !== undefined) this.#toldVolume = 0
    this.#tradeDate = tradeDate
    const told = this.#toldVolume
    const added = volume === undefined || told === undefined ? 0 : volume - told
    const size = added > 0 ? added : last.quantity
    this.#toldVolume = told === undefined || isFirst ? volume : told + size
    // A price without a quantity is what an auction would come to.
    if (isFirst || size === 0) return []
    const trade: Trade = { ...this.#stamped(last.at, context), price: last.price, size, currency: CURRENCY }
    if (size !== last.quantity) trade.conditions = [MERGED]
    return [{ type: 'trade', data: { symbol: this.symbol, trade, timestamp: trade.asOf } }]
  }

  #quote(last: LastTrade, context: Context, volume: number | undefined): Quote {
    const { price, at } = last
    const previousClose = this.#previousClose
    const change = previousClose === undefined ? undefined : price - previousClose
    const { session } = context.placeOf(this.symbol, context.arrival.receivedAt)
    const { open, high, low } = this.#day ?? {}
    const { kind, mic, exchange } = identityOfSymbol(this.symbol)
    return withoutAbsent<Quote>({
      symbol: this.symbol,
      kind,
      price,
      change,
      changePercent: change === undefined ? undefined : (change / previousClose!) * 100,
      previousClose,
      open,
      dayHigh: high,
      dayLow: low,
      volume,
      bid: this.#book.bid?.price,
      bidSize: this.#book.bid?.size,
      ask: this.#book.ask?.price,
      askSize: this.#book.ask?.size,
      currency: CURRENCY,
      mic,
      exchange,
      marketState: session === undefined || session === 'overnight' ? 'closed' : session,
      derivative: this.#figures,
      asOf: isoOf(at),
      sequence: this.#isIndex ? context.arrival.nextSequence() : undefined,
      provenance: this.#provenance(context, session === undefined)
    })
  }

  /** An index is streamed; of all else a quote of the vendor's says how things stand beside the ticks. */
  #provenance({ feed, receivedAt }: Context, isClosed: boolean): Provenance {
    return {
      source: SOURCE,
      feed,
      ...(this.#isIndex && { delivery: 'stream' as const }),
      receivedAt,
      state: isClosed ? 'closed' : 'live',
      attempts: [],
      ...(!this.#isIndex && { notes: [SNAPSHOT] })
    }
  }

  #stamped(ms: number, { feed, placeOf, arrival, receivedAt }: Context) {
    const { tradeDate, session } = placeOf(this.symbol, ms)
    return {
      symbol: this.symbol,
      asOf: isoOf(ms),
      sequence: arrival.nextSequence(),
      fence: arrival.fence,
      tradeDate,
      ...(session !== undefined && { session }),
      source: SOURCE,
      feed,
      receivedAt
    }
  }
}

function isSame(a: LastTrade, b: LastTrade | undefined): boolean {
  return a.at === b?.at && a.price === b.price && a.quantity === b.quantity
}

function isSameFigures(told: PlainFigures, held: PlainFigures): boolean {
  const names = Object.keys(told) as (keyof PlainFigures)[]
  return names.every((name) => told[name] === held[name])
}

function isSameBook(a: Book, b: Book): boolean {
  const isSameSide = (side: 'bid' | 'ask') => a[side]?.price === b[side]?.price && a[side]?.size === b[side]?.size
  return isSameSide('bid') && isSameSide('ask')
}
