import { html, nothing, type TemplateResult } from 'lit'
import type { Callbacks, Subscription } from '../../client/client.ts'
import type { MarketStatus } from '../../market/market-status.ts'
import type { Movers } from '../../market/market-wide.ts'
import type { Overview as Answer, OverviewError } from '../../market/overview.ts'
import { everySecond } from '../ages.ts'
import { api } from '../api.ts'
import { ConsoleElement } from '../element.ts'
import { follow } from '../live.ts'
import { provenanceOf } from '../provenance.ts'
import { may } from '../session.ts'
import { sparklinesOf, type Closes } from '../sparklines.ts'
import { emptyState, problemOf, skeleton, type Problem } from '../states.ts'
import { indexCards } from './overview/index-cards.ts'
import './overview/market-news.ts'
import { moversTable } from './overview/movers-table.ts'
import { sectorMap } from './overview/sector-map.ts'
import { sentimentGauge } from './overview/sentiment-gauge.ts'
import { sessionClocks } from './overview/session-clocks.ts'

const CHANNELS = ['indices', 'sectors', 'movers', 'sentiment', 'status'] as const
/** Of who may not stream. */
const ASK_EVERY_MS = 60_000

type Event = Parameters<Callbacks['onEvent']>[0]
type Part = keyof Omit<Answer, 'errors' | 'status'>

/** The market as a whole: asked once, and live from then on. */
class Overview extends ConsoleElement {
  static override properties = { answer: { state: true }, problem: { state: true }, closes: { state: true } }
  declare answer: Answer | undefined
  declare problem: Problem | undefined
  declare closes: ReadonlyMap<string, Closes>
  #following: Subscription | undefined
  #timer: ReturnType<typeof setInterval> | undefined

  constructor() {
    super()
    this.closes = new Map()
    this.show(everySecond)
  }

  override connectedCallback(): void {
    super.connectedCallback()
    void this.#load()
    if (may('stream:read')) this.#following = follow({ channels: CHANNELS }, this.#take)
    else this.#timer = setInterval(() => void this.#load(), ASK_EVERY_MS)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#following?.close()
    clearInterval(this.#timer)
  }

  protected override render() {
    const { answer } = this
    if (this.problem && !answer) return emptyState(this.problem, () => void this.#load())
    if (!answer) return skeleton(12)
    return html`
      <div class="page-head">
        <h1>Market overview</h1>
        ${may('stream:read') ? nothing : html`<p class="quiet">Renewed every minute: your key does not grant stream:read</p>`}
      </div>
      <div class="overview">
        ${this.#panel('indices', 'Indices', ({ indices }) => indexCards(indices, this.closes))}
        ${this.#panel('sectors', 'US sectors', ({ sectors }) => sectorMap(sectors))}
        ${this.#panel('sentiment', 'Sentiment', sentimentGauge)} ${this.#panel('gainers', 'Gainers', moversTable)}
        ${this.#panel('losers', 'Losers', moversTable)} ${this.#panel('actives', 'Most active', moversTable)}
        <qw-market-news></qw-market-news>
        <section class="panel clocks" aria-labelledby="clocks-heading">
          <header><h2 id="clocks-heading">Sessions</h2></header>
          ${sessionClocks(answer.status)}
        </section>
      </div>
    `
  }

  #panel<Name extends Part>(
    name: Name,
    title: string,
    content: (value: NonNullable<Answer[Name]>) => TemplateResult
  ): TemplateResult {
    const value = this.answer![name]
    const failure = this.answer!.errors.find(({ part }) => part === name)
    return html`<section class="panel ${name}" aria-labelledby=${`${name}-heading`}>
      <header>
        <h2 id=${`${name}-heading`}>${title}</h2>
        ${value ? provenanceOf(value.provenance) : nothing}
      </header>
      ${value ? content(value) : lacking(failure)}
    </section>`
  }

  async #load(): Promise<void> {
    this.problem = undefined
    try {
      this.answer = await api().get('/api/v1/market/overview')
      this.closes = await sparklinesOf((this.answer.indices?.indices ?? []).map(({ symbol }) => symbol))
    } catch (error) {
      this.problem = problemOf(error, 'The market overview cannot be shown')
    }
  }

  readonly #take = (event: Event): void => {
    if (event.type === 'indices_update') this.#hold('indices', event.data)
    else if (event.type === 'sectors_update') this.#hold('sectors', event.data)
    else if (event.type === 'sentiment_update') this.#hold('sentiment', event.data)
    else if (event.type === 'movers_update') this.#holdMovers(event.data)
    else if (event.type === 'market_status') this.#holdStatus(event.data)
  }

  #hold<Name extends Part>(name: Name, value: NonNullable<Answer[Name]>): void {
    if (!this.answer) return
    this.answer = { ...this.answer, [name]: value, errors: this.answer.errors.filter(({ part }) => part !== name) }
  }

  /** Of a list that is longer than what the overview shows. */
  #holdMovers(movers: Movers): void {
    const shown = this.answer?.[movers.type]?.movers.length ?? movers.movers.length
    this.#hold(movers.type, { ...movers, movers: movers.movers.slice(0, shown) })
  }

  #holdStatus(status: MarketStatus): void {
    if (this.answer) this.answer = { ...this.answer, status }
  }
}

const lacking = (failure: OverviewError | undefined): TemplateResult =>
  html`<p class="quiet">${failure?.message ?? 'Nothing is known of it now'}</p>`

customElements.define('qw-overview', Overview)
