import type { StreamEvent } from '../client/client.ts'
import { span } from './figures.ts'
import { paint } from './listing.ts'
import { LiveValues, type LiveStream, type LiveValue } from './live-values.ts'
import { standardOutput } from './output.ts'
import { Screen } from './screen.ts'
import { tableLines } from './table.ts'
import { cut, oneLine } from './terminal-text.ts'

/** People see no more than this, and a terminal far away takes no more. */
const REDRAW_MS = 100
const TICK_MS = 500
/** The newest words beside the values; older ones make room. */
const MAX_NEWS = 3

/** The newest values of a stream as a table that is redrawn in place, with how old they are and how the connection does. */
export class LiveTable {
  readonly #values: LiveValues
  readonly #now: () => number
  readonly #screen: Screen
  readonly #news: string[] = []
  #events = 0
  #connection = 'connecting'
  #isConnected = false
  #cursor: string | undefined
  #openedAt = Date.now()
  #ticks: NodeJS.Timeout | undefined
  #drawing: NodeJS.Timeout | undefined

  /** `now`: epoch milliseconds by the server's clock. */
  constructor(stream: LiveStream, now: () => number) {
    this.#values = new LiveValues(stream)
    this.#now = now
    this.#screen = new Screen(standardOutput.stream, () => this.#draw())
  }

  open(): void {
    this.#openedAt = Date.now()
    this.#screen.open()
    this.#ticks = setInterval(() => this.#draw(), TICK_MS)
    this.#draw()
  }

  take(event: StreamEvent): void {
    if ('cursor' in event) this.#cursor = event.cursor
    if (event.type === 'connection') this.#note(event.data)
    else if (event.type === 'snapshot') {
      const { quotes = [], trades = [], bbo = [], halts = [], bars = [], missing = [] } = event.data
      for (const value of [...quotes, ...trades, ...bbo, ...halts, ...bars]) this.#values.take(value, Date.now())
      for (const { symbol, message } of missing) if (symbol !== undefined) this.#values.miss(symbol, message)
    } else {
      if (event.type === 'subscribed') for (const { symbol } of event.data.accepted) this.#values.follow(symbol!)
      const value = valueIn(event)
      if (value === undefined) return this.#soon()
      this.#events++
      this.#values.take(value, Date.now())
    }
    this.#soon()
  }

  /** Something beside the values, shown until newer words take its place. */
  tell(text: string): void {
    this.#news.push(text)
    if (this.#news.length > MAX_NEWS) this.#news.shift()
    this.#soon()
  }

  /** Gives the terminal back, with the last values on it. */
  async close(): Promise<void> {
    clearInterval(this.#ticks)
    clearTimeout(this.#drawing)
    this.#screen.close()
    await standardOutput.lines(this.#lines(standardOutput.width))
    if (this.#cursor !== undefined)
      await standardOutput.lines([paint('faint', `--since ${this.#cursor} goes on from here`)])
  }

  #note(data: Extract<StreamEvent, { type: 'connection' }>['data']): void {
    this.#isConnected = data.state === 'open'
    if (data.state === 'open') this.#connection = 'connected'
    else {
      const again = data.retryInMs === undefined ? '' : `, again in ${span(data.retryInMs)}`
      this.#connection = `connection lost: ${data.reason}${again}`
    }
  }

  #soon(): void {
    this.#drawing ??= setTimeout(() => {
      this.#drawing = undefined
      this.#draw()
    }, REDRAW_MS)
  }

  #draw(): void {
    const { columns, rows } = this.#screen
    const below = this.#statusLines(columns)
    // Beside the titles.
    const room = Math.max(1, rows - below.length - 1)
    const { count } = this.#values
    const isTooMany = count > room
    const lines = this.#lines(columns, isTooMany ? room - 1 : room)
    this.#screen.draw([...lines, ...(isTooMany ? [`… ${count - room + 1} more`] : []), ...below])
  }

  #lines(width: number, most = Infinity): string[] {
    const rows = this.#values.rows({ now: this.#now(), at: Date.now(), most })
    return tableLines(this.#values.columns, rows, { width, paint })
  }

  #statusLines(width: number): string[] {
    const seconds = Math.max(1, (Date.now() - this.#openedAt) / 1000)
    const rate = `${this.#events} events, ${(this.#events / seconds).toFixed(1)}/s`
    const time = `${new Date(this.#now()).toISOString().slice(11, 19)} UTC`
    const mark = this.#isConnected ? '●' : '○'
    const status = cut(oneLine(`${mark} ${this.#connection}  ${rate}  ${time}  Ctrl-C ends`), width)
    return [
      '',
      paint(this.#isConnected ? 'faint' : 'bad', status),
      ...this.#news.map((text) => cut(oneLine(text), width))
    ]
  }
}

function valueIn(event: StreamEvent): LiveValue | undefined {
  switch (event.type) {
    case 'quote_update':
      return 'quote' in event.data ? event.data.quote : undefined
    case 'trade':
      return event.data.trade
    case 'trade_correction':
      return event.data.correction
    case 'trade_cancel':
      return event.data.cancel
    case 'bbo':
      return event.data.bbo
    case 'halt':
      return event.data.halt
    case 'bar_update':
      return event.data
    default:
      return undefined
  }
}
