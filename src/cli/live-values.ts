import type { Bbo } from '../market/bbo.ts'
import type { BarUpdate } from '../market/event.ts'
import type { Halt } from '../market/halt.ts'
import type { Quote } from '../market/quote.ts'
import type { Trade, TradeCancel, TradeCorrection } from '../market/trade.ts'
import { age, change, clock, compact, percent, price, source, state } from './figures.ts'
import type { Style } from './paint.ts'
import { sparkline } from './sparkline.ts'
import type { Cell, Column } from './table.ts'

export const LIVE_STREAMS = ['quotes', 'trades', 'bbo', 'halts', 'bars.1m'] as const
export type LiveStream = (typeof LIVE_STREAMS)[number]

type BarData = BarUpdate['data']
export type LiveValue = Quote | Trade | TradeCorrection | TradeCancel | Bbo | Halt | BarData

/** How values of one stream are shown: the cells between the symbol and the trend, and those behind it. */
type View = {
  readonly columns: readonly Column[]
  /** What is drawn as a trend; undefined where there is none. */
  readonly trendOf: (value: LiveValue) => number | undefined
  /** The instant of the value (ISO), which its age is counted from. */
  readonly asOf: (value: LiveValue) => string
  /** `direction`: where its figure moved from the one before. */
  readonly cells: (value: LiveValue, direction: Style | undefined, now: number) => Cell[]
  readonly origin: (value: LiveValue) => [source: Cell, state: Cell]
}

const right = (title: string, expendable?: number): Column => ({
  title,
  align: 'right',
  ...(expendable !== undefined && { expendable })
})
const asOf = (value: LiveValue) => (value as Exclude<LiveValue, BarData>).asOf

/** What a tick says of itself in place of a state: `correction` and `cancel` are not to be overlooked. */
function tickState(value: LiveValue): Cell {
  const tick = value as Trade & Partial<TradeCancel>
  if (tick.replaces === undefined) return { text: tick.session ?? 'live', style: 'good' }
  return { text: tick.price === undefined ? 'cancelled' : 'corrected', style: 'warning' }
}
const tickOrigin = (value: LiveValue): [Cell, Cell] => [source(value as Trade), tickState(value)]

const VIEWS: Record<LiveStream, View> = {
  quotes: {
    columns: [right('Price'), right('Change', 2), right('%'), right('Bid', 4), right('Ask', 4), right('Volume', 3)],
    trendOf: (value) => (value as Quote).price,
    asOf,
    cells(value, style) {
      const quote = value as Quote
      return [
        { text: price(quote.price), style },
        change(quote.change),
        percent(quote.changePercent),
        price(quote.bid),
        price(quote.ask),
        compact(quote.volume)
      ]
    },
    origin: (value) => [source((value as Quote).provenance), state((value as Quote).provenance.state)]
  },
  trades: {
    columns: [right('Price'), right('Size'), { title: 'Venue', expendable: 3 }, { title: 'Time (UTC)', expendable: 4 }],
    trendOf: (value) => (value as Partial<Trade>).price,
    asOf,
    cells(value, style, now) {
      const trade = value as Partial<Trade>
      return [{ text: price(trade.price), style }, compact(trade.size), trade.venue ?? '', clock(trade.asOf, now)]
    },
    origin: tickOrigin
  },
  bbo: {
    columns: [right('Bid size', 3), right('Bid'), right('Ask'), right('Ask size', 3)],
    trendOf(value) {
      const { bid, ask } = value as Bbo
      return bid === undefined || ask === undefined ? undefined : (bid + ask) / 2
    },
    asOf,
    cells(value, style) {
      const { bid, bidSize, ask, askSize } = value as Bbo
      return [compact(bidSize), { text: price(bid), style }, { text: price(ask), style }, compact(askSize)]
    },
    origin: tickOrigin
  },
  halts: {
    columns: [{ title: 'Status' }, { title: 'Reason', flexible: true }, right('Down to', 2), right('Up to', 2)],
    trendOf: () => undefined,
    asOf,
    cells(value) {
      const { status = '', reason, reasonCode, limitDown, limitUp } = value as Halt
      const why = [reasonCode, reason].filter(Boolean).join(' ')
      const style = status === 'trading' ? 'good' : status === '' ? undefined : 'bad'
      return [{ text: status, style }, why, price(limitDown), price(limitUp)]
    },
    origin: tickOrigin
  },
  'bars.1m': {
    columns: [
      { title: 'Start (UTC)' },
      right('Open', 4),
      right('High', 3),
      right('Low', 3),
      right('Close'),
      right('Volume', 2),
      { title: 'Bar', expendable: 5 }
    ],
    trendOf: (value) => (value as BarData).bar.close,
    asOf: (value) => (value as BarData).timestamp,
    cells(value, style, now) {
      const { bar, state, revision } = value as BarData
      return [
        clock(bar.start, now),
        price(bar.open),
        price(bar.high),
        price(bar.low),
        { text: price(bar.close), style },
        compact(bar.volume),
        revision > 0 ? `${state} ${revision}` : state
      ]
    },
    origin: (value) => [source((value as BarData).provenance), state((value as BarData).provenance.state)]
  }
}

const TREND_WIDTH = 16
const FLASH_MS = 700

type Row = { value?: LiveValue; trend: number[]; direction: Style | undefined; at: number; problem?: string }

/** The newest value of each symbol, and how it came to it: what a live table shows. */
export class LiveValues {
  readonly #view: View
  readonly #rows = new Map<string, Row>()

  constructor(stream: LiveStream) {
    this.#view = VIEWS[stream]
  }

  /** `at`: when it came, epoch milliseconds of this machine. */
  take(value: LiveValue, at: number): void {
    const row = this.#row(value.symbol)
    const figure = this.#view.trendOf(value)
    const before = row.trend.at(-1)
    if (figure !== undefined && figure !== before) {
      row.direction = before === undefined ? undefined : figure > before ? 'good' : 'bad'
      row.trend.push(figure)
      if (row.trend.length > TREND_WIDTH) row.trend.shift()
    }
    row.value = value
    row.at = at
    delete row.problem
  }

  /** A symbol that values will come of. */
  follow(symbol: string): void {
    this.#row(symbol)
  }

  /** A symbol of which there is no value, and why. */
  miss(symbol: string, problem: string): void {
    this.#row(symbol).problem = problem
  }

  get columns(): Column[] {
    const trend: Column = { title: 'Trend', expendable: 6 }
    return [
      { title: 'Symbol' },
      ...this.#view.columns,
      trend,
      right('Age'),
      { title: 'Source', flexible: true },
      { title: 'State' }
    ]
  }

  get count(): number {
    return this.#rows.size
  }

  /** The first `most` symbols. `now`: by the server's clock, for ages; `at` by this machine's; both epoch milliseconds. */
  rows({ now, at, most }: { now: number; at: number; most: number }): Cell[][] {
    return [...this.#rows].slice(0, most).map(([symbol, { value, trend, direction, at: cameAt, problem }]) => {
      if (!value) return [symbol, { text: problem ?? 'no value yet', style: problem ? 'bad' : 'faint' }]
      const flash = at - cameAt < FLASH_MS ? direction : undefined
      const { cells, asOf, origin } = this.#view
      const [from, trust] = origin(value)
      return [symbol, ...cells(value, flash, now), sparkline(trend, TREND_WIDTH), age(asOf(value), now), from, trust]
    })
  }

  #row(symbol: string): Row {
    const known = this.#rows.get(symbol)
    if (known) return known
    const row: Row = { trend: [], direction: undefined, at: 0 }
    this.#rows.set(symbol, row)
    return row
  }
}
