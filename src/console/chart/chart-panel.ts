import { html, nothing, type PropertyValues } from 'lit'
import type { Quote } from '../../client/client.ts'
import { wordsFor } from '../api.ts'
import { DAY_MS } from '../../market/time.ts'
import { ConsoleElement } from '../element.ts'
import { beforeNextPaint } from '../frame.ts'
import { provenanceOf } from '../provenance.ts'
import { emptyState, problemOf, skeleton } from '../states.ts'
import { theme } from '../theme.ts'
import type { Change, ChartBar } from './bar-book.ts'
import { ChartFeed } from './chart-feed.ts'
import { INDICATORS } from './indicators.ts'
import { legendOf } from './legend.ts'
import { askMarks } from './marks.ts'
import { PriceChart, type Mark } from './price-chart.ts'
import { TIMEFRAMES, timeframeOf, type Timeframe } from './timeframes.ts'

const TIMEFRAME_KEY = 'quotewire.chart.timeframe'
const INDICATORS_KEY = 'quotewire.chart.indicators'
const ZOOM = 0.8
const HAVE_ACTIONS: ReadonlySet<string> = new Set(['equity', 'etf', 'fund'])

/** The chart of a symbol: what it shows is chosen here, and remembered by the browser. */
class Chart extends ConsoleElement {
  static override properties = {
    symbol: { attribute: false },
    quote: { attribute: false },
    timeframe: { state: true },
    indicators: { state: true },
    pointed: { state: true },
    marks: { state: true },
    marksProblem: { state: true }
  }
  declare symbol: string
  /** The newest one, as it changes. */
  declare quote: Quote | undefined
  declare timeframe: Timeframe
  declare indicators: readonly string[]
  /** The start of the bar that somebody points at, epoch milliseconds. */
  declare pointed: number | undefined
  declare marks: readonly Mark[]
  declare marksProblem: string
  #feed: ChartFeed | undefined
  #chart: PriceChart | undefined
  #change: Change | undefined
  #timeZone = ''
  /** Whose corporate actions were asked for. */
  #markedSymbol = ''

  constructor() {
    super()
    const indicators = (localStorage.getItem(INDICATORS_KEY) ?? '').split(',')
    Object.assign(this, {
      symbol: '',
      timeframe: timeframeOf(localStorage.getItem(TIMEFRAME_KEY)),
      indicators: indicators.filter((id) => INDICATORS.some((each) => each.id === id)),
      marks: [],
      marksProblem: ''
    })
    this.show(theme)
  }

  override disconnectedCallback(): void {
    this.#close()
    super.disconnectedCallback()
  }

  override connectedCallback(): void {
    super.connectedCallback()
    if (this.hasUpdated) this.#open()
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('symbol')) this.marks = []
    const { quote, symbol } = this
    if (quote?.symbol !== symbol || symbol === this.#markedSymbol) return
    this.#markedSymbol = symbol
    if (quote.kind === undefined || HAVE_ACTIONS.has(quote.kind)) void this.#loadMarks(symbol)
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('symbol') || changed.has('timeframe')) this.#open()
    if (changed.has('quote') && this.quote?.symbol === this.symbol) this.#feed?.quote(this.quote)
    if (changed.has('indicators')) this.#showIndicators()
    if (changed.has('marks')) this.#chart?.mark(this.marks)
    this.#recolor()
  }

  protected override render() {
    const feed = this.#feed
    const hasBars = (feed?.book.bars.length ?? 0) > 0
    return html`<section
      class="panel chart"
      aria-label="Chart"
      data-panes=${this.#chosen().filter(({ isOnPrices }) => !isOnPrices).length}
    >
      <div class="chart-tools">
        <div class="segments" role="group" aria-label="Timeframe">
          ${TIMEFRAMES.map((each) => this.#timeframeButton(each))}
        </div>
        <details class="choice">
          <summary>Indicators${this.indicators.length > 0 ? html` <b>${this.indicators.length}</b>` : nothing}</summary>
          <div class="menu" role="group" aria-label="Indicators">
            ${INDICATORS.map(({ id, label }) => this.#choice(id, label))}
          </div>
        </details>
        <span class="spring"></span>
        ${feed?.isLoadingOlder ? html`<span class="quiet" role="status">Loading older bars</span>` : nothing}
        <button class="small" ?disabled=${!hasBars} @click=${() => this.#chart?.showNewest()}>Newest</button>
      </div>
      ${this.#legend()}
      <div class="chart-place">
        <div
          class="chart-canvas"
          tabindex="0"
          role="group"
          aria-label=${`Candles of ${this.symbol}, ${this.timeframe.name.toLowerCase()} each. Left and right arrows go from bar to bar, plus and minus zoom.`}
          @keydown=${this.#key}
        ></div>
        ${this.#state(hasBars)}
      </div>
      ${this.#foot()}
    </section>`
  }

  #timeframeButton(timeframe: Timeframe) {
    return html`<button
      aria-pressed=${timeframe === this.timeframe}
      title=${timeframe.name}
      @click=${() => this.#choose(timeframe)}
    >
      ${timeframe.label}
    </button>`
  }

  #choice(id: string, label: string) {
    return html`<label
      ><input
        type="checkbox"
        .checked=${this.indicators.includes(id)}
        @change=${() => this.#toggle(id)}
      />${label}</label
    >`
  }

  /** The figures of the bar that is pointed at, else of the last one. */
  #legend() {
    const bars = this.#feed?.book.bars ?? []
    const found = this.pointed === undefined ? -1 : bars.findIndex(({ at }) => at === this.pointed)
    const index = found < 0 ? bars.length - 1 : found
    const bar = bars[index]
    if (!bar) return html`<p class="legend"></p>`
    return legendOf({
      bar,
      before: bars[index - 1],
      isPointed: found >= 0,
      timeText: this.#chart?.timeText(bar) ?? '',
      mark: this.marks.find(({ at }) => at === dayOf(bar)),
      indicators: this.#chart?.valuesAt(index) ?? []
    })
  }

  #state(hasBars: boolean) {
    const feed = this.#feed
    if (!feed || hasBars) return nothing
    if (feed.isLoading) return html`<div class="chart-state">${skeleton(8)}</div>`
    const title = feed.problem ? 'There is no history to draw' : 'Nothing was traded in this range'
    const problem = feed.problem
      ? problemOf(feed.problem, title)
      : { title, text: 'Another timeframe reaches further back.' }
    return html`<div class="chart-state">${emptyState(problem, () => this.#open())}</div>`
  }

  #foot() {
    const feed = this.#feed
    return html`<p class="chart-foot">
      ${feed?.provenance ? html`<span>History</span>${provenanceOf(feed.provenance)}` : nothing}
      ${
        feed?.problem && feed.book.bars.length > 0
          ? html`<span class="chip" data-state="stale">History cannot be had: ${wordsFor(feed.problem)}</span>`
          : nothing
      }
      <span>${feed?.liveSource ? `Last bar streamed by ${feed.liveSource}` : 'Last bar made of quotes'}</span>
      ${this.marksProblem ? html`<span>Corporate actions cannot be had: ${this.marksProblem}</span>` : nothing}
      <span>${this.timeframe.lengthMs === undefined ? 'Session dates' : (feed?.book.timeZone ?? 'UTC')}</span>
      <a href="https://www.tradingview.com/" target="_blank" rel="noreferrer">Charts by TradingView</a>
    </p>`
  }

  #choose(timeframe: Timeframe): void {
    this.timeframe = timeframe
    localStorage.setItem(TIMEFRAME_KEY, timeframe.label)
  }

  #toggle(id: string): void {
    const { indicators } = this
    this.indicators = indicators.includes(id) ? indicators.filter((each) => each !== id) : [...indicators, id]
    localStorage.setItem(INDICATORS_KEY, this.indicators.join(','))
  }

  #chosen() {
    return INDICATORS.filter(({ id }) => this.indicators.includes(id))
  }

  #showIndicators(): void {
    this.#chart?.show(this.#chosen())
    // The legend has their values.
    this.requestUpdate()
  }

  #open(): void {
    this.#close()
    if (this.symbol === '') return
    const host = this.querySelector<HTMLElement>('.chart-canvas')!
    const { symbol, timeframe } = this
    const feed = new ChartFeed({
      symbol,
      timeframe,
      onChange: (change) => this.#note(change),
      onState: () => this.requestUpdate()
    })
    this.#feed = feed
    this.#chart = new PriceChart({
      host,
      lengthMs: timeframe.lengthMs,
      onPoint: (at) => (this.pointed = at),
      onNearStart: () => void feed.loadOlder()
    })
    this.#chart.show(this.#chosen())
    this.#chart.mark(this.marks)
    void feed.open()
    if (this.quote?.symbol === symbol) feed.quote(this.quote)
    this.requestUpdate()
  }

  #close(): void {
    this.#feed?.close()
    this.#chart?.remove()
    this.#feed = undefined
    this.#chart = undefined
    this.#change = undefined
    this.pointed = undefined
  }

  #note(change: Change): void {
    const before = this.#change
    if (before === undefined) this.#change = change
    else this.#change = before === 'all' || change === 'all' ? 'all' : { from: Math.min(before.from, change.from) }
    beforeNextPaint(this.#draw)
  }

  readonly #draw = (): void => {
    const change = this.#change
    this.#change = undefined
    if (change === undefined || !this.#feed) return
    const { bars, timeZone } = this.#feed.book
    this.#chart?.draw(bars, change, timeZone)
    if (timeZone !== this.#timeZone) this.dispatchEvent(new CustomEvent('zone-known', { detail: timeZone }))
    this.#timeZone = timeZone
    this.requestUpdate()
  }

  #theme = theme.now
  #recolor(): void {
    if (this.#theme === theme.now) return
    this.#theme = theme.now
    this.#chart?.colorAnew()
  }

  async #loadMarks(symbol: string): Promise<void> {
    const { marks, problem } = await askMarks(symbol)
    if (symbol !== this.symbol) return
    this.marks = marks
    this.marksProblem = problem
  }

  readonly #key = (event: KeyboardEvent): void => {
    const bars = this.#feed?.book.bars ?? []
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (bars.length === 0 || event.ctrlKey || event.metaKey || event.altKey) return
    if (step !== undefined) {
      const now = this.pointed === undefined ? bars.length : bars.findIndex(({ at }) => at === this.pointed)
      const bar = bars[Math.min(bars.length - 1, Math.max(0, now + step))]!
      this.#chart?.point(bar)
      this.pointed = bar.at
    } else if (event.key === '+' || event.key === '-') this.#chart?.zoom(event.key === '+' ? ZOOM : 1 / ZOOM)
    else if (event.key === 'End') this.#chart?.showNewest()
    else if (event.key === 'Home') this.#chart?.showOldest()
    else if (event.key === 'Escape') this.#chart?.pointNowhere()
    else return
    event.preventDefault()
  }
}

/** The midnight UTC that the bar's date begins with. */
const dayOf = ({ at }: ChartBar): number => Math.floor(at / DAY_MS) * DAY_MS

customElements.define('qw-chart', Chart)
