import { withoutAbsent } from '../market/absent.ts'
import type { Feed } from '../market/provenance.ts'
import type { Quote } from '../market/quote.ts'
import type { Eligibility } from '../market/trade-conditions.ts'
import type { Trade, TradeReference } from '../market/trade.ts'
import { MinuteVolumes } from './minute-volumes.ts'
import { isSameTeller, type Origin, type PartOrigins } from './part-origins.ts'

/** These see all that trades: only their volumes are the market's. */
const WHOLE_MARKET: ReadonlySet<Feed> = new Set(['consolidated', 'opra', 'sandbox'])

type Day = Partial<Record<'open' | 'dayHigh' | 'dayLow' | 'volume', number | undefined>>
type DayOfTrades = Record<keyof Day, number | undefined>
const NO_DAY: DayOfTrades = { open: undefined, dayHigh: undefined, dayLow: undefined, volume: undefined }

/** The figures of one symbol's day, as its stream and what was polled of the day make them, and who had a part in them. */
export class StreamedDay {
  readonly #day: DayOfTrades = { ...NO_DAY }
  /** Shares that traded before the stream began, as far as what was polled tells, and who told that. */
  #volumeBefore = 0
  #volumeOrigin: Origin | undefined
  readonly #volumes = new MinuteVolumes()
  /** Who streamed its figures, each with what came last: vendors take turns with a symbol. */
  #tellers: Origin[] = []
  /** What the day comes to is told by the stream. */
  #isTold = false

  /** `polled`: what was polled of this day already. */
  begin(polled: Quote | undefined, origin: Origin | undefined): void {
    this.#isTold = false
    this.beginTold()
    this.#volumeBefore = polled?.volume ?? 0
    this.#volumeOrigin = origin
    this.#volumes.clear()
  }

  /** Another day, of a stream that tells what the day comes to. */
  beginTold(): void {
    Object.assign(this.#day, NO_DAY)
    this.#tellers = []
  }

  /** What was polled of this day. */
  polled({ volume, asOf }: Quote, origin: Origin): void {
    if (this.#isTold || volume === undefined) return
    this.#volumeBefore = Math.max(0, volume + this.#volumes.since(asOf) - (this.#day.volume ?? 0))
    this.#volumeOrigin = origin
  }

  told({ open, dayHigh, dayLow, volume }: Quote, origin: Origin): void {
    const figures = withoutAbsent<Day>({ open, dayHigh, dayLow, volume })
    Object.assign(this.#day, figures)
    if (tellsOfDay(figures)) this.#isToldBy(origin)
    if (volume === undefined) return
    this.#isTold = true
    this.#volumeBefore = 0
  }

  /** The price of one venue is a price of the day; its volume is not the day's, nor its first trade the opening. */
  count(trade: Trade, { last, range, volume }: Eligibility): void {
    const { price, size, feed, asOf } = trade
    const day = this.#day
    const isWhole = WHOLE_MARKET.has(feed)
    if (range || (isWhole && (last || volume))) this.#isToldBy(trade)
    if (last && isWhole) day.open ??= price
    if (range) {
      day.dayHigh = Math.max(day.dayHigh ?? price, price)
      day.dayLow = Math.min(day.dayLow ?? price, price)
    }
    if (!isWhole || !volume) return
    day.volume = (day.volume ?? 0) + size
    this.#volumes.count(asOf, size)
  }

  /** Of a high or a low that did not happen nothing is known but that it is none; the next poll tells the day's. */
  takeBack({ price, size }: TradeReference): void {
    const { dayHigh, dayLow, volume } = this.#day
    if (dayHigh === price) this.#day.dayHigh = undefined
    if (dayLow === price) this.#day.dayLow = undefined
    if (volume !== undefined && size !== undefined) this.#day.volume = Math.max(0, volume - size)
  }

  /** What was streamed of the day, and before that polled. */
  whole(polled: Quote | undefined): Day {
    const { open, dayHigh, dayLow, volume } = this.#day
    return {
      open: polled?.open ?? open,
      dayHigh: most(Math.max, dayHigh, polled?.dayHigh),
      dayLow: most(Math.min, dayLow, polled?.dayLow),
      volume: volume === undefined ? polled?.volume : this.#volumeBefore + volume
    }
  }

  /** Adds who had a part in it. `polled`: what was polled of this day, and by whom. */
  addOrigins(origins: PartOrigins, polled: Quote | undefined, polledBy: Origin | undefined): void {
    for (const teller of this.#tellers) origins.add('day', teller)
    if (polled && tellsOfDay(polled)) origins.add('day', polledBy)
    if (this.#day.volume !== undefined && this.#volumeBefore > 0) origins.add('day', this.#volumeOrigin)
  }

  #isToldBy(origin: Origin): void {
    const tellers = this.#tellers
    let at = 0
    while (at < tellers.length && !isSameTeller(tellers[at]!, origin)) at++
    tellers[at] = origin
  }
}

const tellsOfDay = ({ open, dayHigh, dayLow, volume }: Day): boolean =>
  (open ?? dayHigh ?? dayLow ?? volume) !== undefined

function most(of: (...values: number[]) => number, ...values: (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length > 0 ? of(...known) : undefined
}
