import type { Callbacks, Provenance, Quote, Subscription } from '../../client/client.ts'
import type { BarSeries } from '../../market/bar.ts'
import { isoOf } from '../../market/time.ts'
import { api, isPassing } from '../api.ts'
import { follow } from '../live.ts'
import { serverClock } from '../server-clock.ts'
import { may } from '../session.ts'
import { BarBook, type Change } from './bar-book.ts'
import type { Timeframe } from './timeframes.ts'

/** Bars that are stored of streams, which the live ones go on from. */
const STORED_BARS = 1000
/** What the cache holds of a range can be an hour old, and so can what it holds of the rest. */
const MAX_TAILS = 3
/** Ranges without a bar, one behind the other, from which on there is taken to be none before. */
const MAX_EMPTY_PAGES = 2
/** History that could not be had is asked for again so often. */
const RETRY_MS = 15_000

type Event = Parameters<Callbacks['onEvent']>[0]
export type ChartFeedOptions = {
  readonly symbol: string
  readonly timeframe: Timeframe
  readonly onChange: (change: Change) => void
  /** What the feed says of itself has changed. */
  readonly onState: () => void
}

/**
 * Fills a book of bars: with history, with the stream, and, where a vendor's stream carries the bars, with what is stored of
 * it, which names the place in the stream that it reaches to: from there on the stream is read again, so that nothing lies
 * between. What comes twice counts once.
 */
export class ChartFeed {
  readonly book: BarBook
  readonly timeframe: Timeframe
  readonly #options: ChartFeedOptions
  readonly #ending = new AbortController()
  #subscription: Subscription | undefined
  #retry: ReturnType<typeof setTimeout> | undefined
  #quote: Quote | undefined
  #emptyPages = 0
  #isStoredAsked = false
  isLoading = true
  isLoadingOlder = false
  hasOlder = true
  /** Why there is no history. */
  problem: unknown
  /** Where history comes from. */
  provenance: Provenance | undefined
  /** Where live bars come from, as `alpaca-trades iex`; undefined where no stream carries them. */
  liveSource: string | undefined

  constructor(options: ChartFeedOptions) {
    this.#options = options
    this.timeframe = options.timeframe
    this.book = new BarBook(options.timeframe)
  }

  async open(): Promise<void> {
    this.isLoading = true
    clearTimeout(this.#retry)
    if (!this.#subscription && may('stream:read')) this.#follow()
    const history = await this.#history()
    if (history && !this.#isClosed) {
      this.#note(history)
      await this.#loadTails(history)
    }
    if (this.#isClosed) return
    this.isLoading = false
    if (isPassing(this.problem)) this.#retry = setTimeout(() => void this.open(), RETRY_MS)
    if (this.#quote) this.quote(this.#quote)
    this.#options.onState()
  }

  close(): void {
    clearTimeout(this.#retry)
    this.#ending.abort()
  }

  quote(quote: Quote): void {
    this.#quote = quote
    if (!this.isLoading) this.#change(this.book.addQuote(quote))
  }

  /** Asks for what lies before the first bar, unless that is being done. */
  async loadOlder(): Promise<void> {
    const [first] = this.book.bars
    if (!first || this.isLoading || this.isLoadingOlder || !this.hasOlder || this.book.isFull) return
    this.isLoadingOlder = true
    this.#options.onState()
    const to = first.at - this.#emptyPages * this.timeframe.pageMs
    try {
      const series = await this.#ask({ from: isoOf(to - this.timeframe.pageMs), to: isoOf(to) })
      if (this.#isClosed) return
      const isEmpty = series.bars.every(({ start }) => Date.parse(start) >= first.at)
      this.#emptyPages = isEmpty ? this.#emptyPages + 1 : 0
      if (!isEmpty) this.#note(series)
    } catch (error) {
      if (this.#isClosed) return
      // As far back as vendors go; a vendor that is away is asked again when somebody scrolls again.
      if (!isPassing(error)) this.#emptyPages++
    }
    this.hasOlder = this.#emptyPages < MAX_EMPTY_PAGES
    this.isLoadingOlder = false
    this.#options.onState()
  }

  get #isClosed(): boolean {
    return this.#ending.signal.aborted
  }

  async #history(): Promise<BarSeries | undefined> {
    try {
      return await this.#ask({ range: this.timeframe.range })
    } catch (error) {
      this.problem = error
      return undefined
    }
  }

  #follow(since?: string): void {
    const { symbol } = this.#options
    const before = this.#subscription
    const { signal } = this.#ending
    const stream = `bars.${this.timeframe.interval}` as const
    this.#subscription = follow(
      { symbols: [symbol], stream, signal, ...(since !== undefined && { since }) },
      this.#take
    )
    before?.close()
  }

  async #joinStored(): Promise<void> {
    const query = { timeframe: this.timeframe.interval, limit: STORED_BARS }
    const path = { symbol: this.#options.symbol }
    // Of a symbol that was never followed before nothing is written yet.
    const page = await api()
      .get('/api/v1/bars/{symbol}', { path, query, signal: this.#ending.signal })
      .catch(() => undefined)
    if (!page || this.#isClosed) return
    this.#change(this.book.addStored(page))
    if (page.cursor !== undefined) this.#follow(page.cursor)
  }

  /** What came after an answer that was made a while ago. */
  async #loadTails(history: BarSeries): Promise<void> {
    const { lengthMs } = this.timeframe
    if (lengthMs === undefined) return
    let { receivedAt } = history.provenance
    for (let tails = 0; tails < MAX_TAILS; tails++) {
      const last = this.book.bars.at(-1)
      if (!last || serverClock.now() - Date.parse(receivedAt) < lengthMs) return
      const tail = await this.#ask({ from: last.start }).catch(() => undefined)
      if (!tail || this.#isClosed || !tail.bars.some(({ start }) => Date.parse(start) > last.at)) return
      this.#note(tail)
      receivedAt = tail.provenance.receivedAt
    }
  }

  #ask(query: { range: Timeframe['range'] } | { from: string; to?: string }): Promise<BarSeries> {
    const { symbol } = this.#options
    return api().get('/api/v1/market/historical/{symbol}', {
      path: { symbol },
      query: { ...query, interval: this.timeframe.interval },
      signal: this.#ending.signal
    })
  }

  #note(series: BarSeries): void {
    this.problem = undefined
    this.provenance = series.provenance
    this.#change(this.book.addHistory(series))
  }

  #reopen(): Promise<void> {
    if (this.liveSource !== undefined) void this.#joinStored()
    return this.open()
  }

  #change(change: Change): void {
    if (change === 'all' || change.from < this.book.bars.length) this.#options.onChange(change)
  }

  readonly #take = (event: Event): void => {
    if (event.type === 'bar_update') this.#change(this.book.addTold(event.data))
    else if (event.type === 'snapshot') for (const bar of event.data.bars ?? []) this.#change(this.book.addTold(bar))
    else if (event.type === 'subscribed') this.#served(event.data.accepted)
    else if (event.type === 'served_by') this.#served(event.data.symbols)
    // What happened meanwhile is in no event: it is asked for again.
    else if (event.type === 'gap') void this.#reopen()
  }

  #served(symbols: readonly { servedBy: string; source?: string; feed?: string }[]): void {
    const [served] = symbols
    if (!served) return
    this.liveSource = served.servedBy === 'stream' ? `${served.source} ${served.feed}` : undefined
    if (this.liveSource !== undefined && !this.#isStoredAsked) {
      this.#isStoredAsked = true
      void this.#joinStored()
    }
    this.#options.onState()
  }
}
