import type { BarUpdate, Quote, StoredBarPage } from '../../client/client.ts'
import type { Bar, BarSeries } from '../../market/bar.ts'
import { barOrderOf, supersedesBar } from '../../market/bar-order.ts'
import { DAY_MS } from '../../market/time.ts'
import { dateIn } from '../../market/zoned-time.ts'
import type { Timeframe } from './timeframes.ts'

/** Of a chart. A minute's bars of two months; no older ones are asked for then, and the oldest make room for new ones. */
export const MAX_BARS = 20_000
/** So that they do not go one by one. */
const SPARE_BARS = 500
/** Bars that quotes were seen in; older ones have come from elsewhere by then. */
const MAX_QUOTED = 3

/** A bar as it is drawn. `at`: its start, epoch milliseconds; of a day or a week the midnight UTC of its date. */
export type ChartBar = Pick<Bar, 'start' | 'open' | 'high' | 'low' | 'close' | 'volume'> & {
  readonly at: number
  /** Whether it may still change. */
  readonly isRunning: boolean
}
/** What changed: all bars from this index on, or more than that. */
export type Change = { readonly from: number } | 'all'

type Quoted = { readonly bar: Omit<ChartBar, 'isRunning'>; readonly asOf: number }

/**
 * The bars of one symbol and timeframe, of all that tells of them: history of a vendor, bars that are stored, bars as they
 * are told, and quotes. A bar that a vendor calls complete stays as it is; what is told live counts for the others; and the
 * newest quote counts for the last one, where nothing later was told of it.
 */
export class BarBook {
  readonly #timeframe: Timeframe
  readonly #history = new Map<number, Bar>()
  readonly #told = new Map<number, BarUpdate>()
  readonly #quoted = new Map<number, Quoted>()
  #historyAsOf = 0
  #timeZone = 'UTC'
  /** The source and feed whose live bars are shown where several tell of one. */
  #liveSeries: string | undefined
  bars: ChartBar[] = []

  constructor(timeframe: Timeframe) {
    this.#timeframe = timeframe
  }

  get timeZone(): string {
    return this.#timeZone
  }

  get isFull(): boolean {
    return this.bars.length >= MAX_BARS
  }

  addHistory({ bars, timeZone, provenance }: BarSeries): Change {
    this.#timeZone = timeZone ?? this.#timeZone
    this.#historyAsOf = Math.max(this.#historyAsOf, Date.parse(provenance.receivedAt))
    for (const bar of bars) this.#history.set(atOf(bar.start), bar)
    return this.#rebuild()
  }

  addStored({ symbol, interval, bars, provenance, timeZone }: StoredBarPage): Change {
    if (!provenance) return { from: this.bars.length }
    this.#timeZone = timeZone ?? this.#timeZone
    this.#liveSeries = seriesOf(provenance)
    for (const { state, revision, receivedAt, ...bar } of bars) {
      this.#hold({ symbol, interval, bar, state, revision, provenance, timestamp: receivedAt })
    }
    return this.#rebuild()
  }

  addTold(told: BarUpdate): Change {
    this.#liveSeries ??= seriesOf(told.provenance)
    return this.#hold(told) ? this.#place(atOf(told.bar.start)) : { from: this.bars.length }
  }

  addQuote(quote: Quote): Change {
    const asOf = Date.parse(quote.asOf)
    const at = this.#barOf(quote, asOf)
    if (at === undefined) return { from: this.bars.length }
    const held = this.#quoted.get(at)
    if (held && held.asOf > asOf) return { from: this.bars.length }
    this.#quoted.set(at, { bar: quotedBar(quote, at, held?.bar, this.#timeframe), asOf })
    for (const oldest of [...this.#quoted.keys()].slice(0, -MAX_QUOTED)) this.#quoted.delete(oldest)
    return this.#place(at)
  }

  #hold(told: BarUpdate): boolean {
    const at = atOf(told.bar.start)
    const held = this.#told.get(at)
    const isSame = held && seriesOf(held.provenance) === seriesOf(told.provenance)
    if (isSame && !supersedesBar(barOrderOf(held), barOrderOf(told))) return false
    if (held && !isSame && seriesOf(told.provenance) !== this.#liveSeries) return false
    if (told.state === 'withdrawn') this.#told.delete(at)
    else this.#told.set(at, told)
    return true
  }

  /** In which bar a quote counts; undefined where it is none of a bar that may still change. */
  #barOf({ marketState }: Quote, asOf: number): number | undefined {
    const last = this.bars.at(-1)
    const { lengthMs, interval } = this.#timeframe
    if (!last || marketState === 'closed') return undefined
    if (lengthMs === undefined) {
      // Bars of days are of the regular session alone.
      if (marketState === 'pre' || marketState === 'post') return undefined
      const day = Date.parse(dateIn(this.#timeZone, asOf))
      const start = interval === '1wk' ? mondayOf(day) : day
      return start < last.at ? undefined : start
    }
    // Where a session opens at half past, so do its hours.
    return asOf < last.at ? undefined : last.at + Math.floor((asOf - last.at) / lengthMs) * lengthMs
  }

  #resolve(at: number): ChartBar | undefined {
    const history = this.#history.get(at)
    if (history && history.complete !== false) return { ...pick(history), at, isRunning: false }
    const told = this.#told.get(at)
    const quoted = this.#quoted.get(at)
    const base = told?.bar ?? history
    if (!base) return quoted && { ...quoted.bar, isRunning: true }
    const bar = { ...pick(base), at, isRunning: told ? told.state === 'provisional' : true }
    const baseAsOf = told ? Date.parse(told.timestamp) : this.#historyAsOf
    if (!quoted || !bar.isRunning || quoted.asOf <= baseAsOf) return bar
    const { high, low, close, volume } = quoted.bar
    return {
      ...bar,
      high: Math.max(bar.high, high),
      low: Math.min(bar.low, low),
      close,
      // A day's volume is in its quote; of a part of the day it is not known.
      ...(this.#timeframe.interval === '1d' && volume !== undefined && { volume })
    }
  }

  #place(at: number): Change {
    const { bars } = this
    let index = bars.length
    while (index > 0 && bars[index - 1]!.at >= at) index--
    const bar = this.#resolve(at)
    const isHeld = bars[index]?.at === at
    if (!bar && !isHeld) return { from: bars.length }
    if (!bar) bars.splice(index, 1)
    else bars.splice(index, isHeld ? 1 : 0, bar)
    if (bars.length > MAX_BARS + SPARE_BARS) return this.#trim()
    return bar && index >= bars.length - 2 ? { from: index } : 'all'
  }

  #trim(): Change {
    const first = this.bars.at(-MAX_BARS)!.at
    for (const held of [this.#history, this.#told]) {
      for (const at of held.keys()) if (at < first) held.delete(at)
    }
    return this.#rebuild()
  }

  #rebuild(): Change {
    const starts = new Set([...this.#history.keys(), ...this.#told.keys(), ...this.#quoted.keys()])
    const ordered = [...starts].sort((a, b) => a - b).slice(-MAX_BARS - SPARE_BARS)
    this.bars = ordered.flatMap((at) => this.#resolve(at) ?? [])
    return 'all'
  }
}

/** What a quote tells of the bar that it counts in; of a day all of it. */
function quotedBar(
  { price, open, dayHigh, dayLow, volume }: Quote,
  at: number,
  held: Quoted['bar'] | undefined,
  { interval }: Timeframe
): Quoted['bar'] {
  const isDay = interval === '1d'
  const start = new Date(at).toISOString()
  return {
    at,
    start: isDay ? start.slice(0, 10) : start,
    open: (isDay ? open : undefined) ?? held?.open ?? price,
    high: Math.max(price, held?.high ?? price, (isDay ? dayHigh : undefined) ?? price),
    low: Math.min(price, held?.low ?? price, (isDay ? dayLow : undefined) ?? price),
    close: price,
    ...(isDay && volume !== undefined && { volume })
  }
}

const atOf = (start: string): number => Date.parse(start)
const seriesOf = ({ source, feed }: { source: string; feed: string }): string => `${source} ${feed}`
const mondayOf = (day: number): number => day - ((new Date(day).getUTCDay() + 6) % 7) * DAY_MS

function pick({ start, open, high, low, close, volume }: Bar): Omit<ChartBar, 'at' | 'isRunning'> {
  return { start, open, high, low, close, ...(volume !== undefined && { volume }) }
}
