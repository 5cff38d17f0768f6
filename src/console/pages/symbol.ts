import { html, type PropertyValues, type TemplateResult } from 'lit'
import { api, QuotewireError, wordsFor } from '../api.ts'
import { ConsoleElement } from '../element.ts'
import { QuoteFeed } from '../quote-feed.ts'
import { go, symbolPath, type Params } from '../router.ts'
import { may } from '../session.ts'
import { emptyState, type Problem } from '../states.ts'
import '../chart/chart-panel.ts'
import '../symbol/explain.ts'
import '../symbol/fundamentals.ts'
import '../symbol/header.ts'
import '../symbol/news.ts'
import '../symbol/options.ts'
import '../symbol/profile.ts'
import '../symbol/trades.ts'
import type { Quote } from '../../client/client.ts'

type Tab = { readonly id: string; readonly label: string; readonly content: (symbol: string) => TemplateResult }

/** What a tab shows is asked for when somebody opens it. */
const TABS: readonly Tab[] = [
  { id: 'profile', label: 'Profile', content: (symbol) => html`<qw-profile .subject=${symbol}></qw-profile>` },
  { id: 'news', label: 'News', content: (symbol) => html`<qw-news .subject=${symbol}></qw-news>` },
  {
    id: 'fundamentals',
    label: 'Fundamentals',
    content: (symbol) => html`<qw-fundamentals .subject=${symbol}></qw-fundamentals>`
  },
  { id: 'options', label: 'Options', content: (symbol) => html`<qw-options .subject=${symbol}></qw-options>` },
  { id: 'explain', label: 'Why this value', content: (symbol) => html`<qw-explain .subject=${symbol}></qw-explain>` }
]
/** Nobody knows the symbol, or it cannot be one. */
const UNKNOWN_STATUSES: ReadonlySet<number> = new Set([400, 404])
const MOVES: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1 }

/** Everything about one symbol. Which tab is open stands in the address. */
class SymbolPage extends ConsoleElement {
  static override properties = {
    params: { attribute: false },
    query: { attribute: false },
    quote: { state: true },
    missing: { state: true },
    isUnknown: { state: true },
    timeZone: { state: true }
  }
  declare params: Params
  declare query: URLSearchParams
  declare quote: Quote | undefined
  declare missing: string | undefined
  declare isUnknown: boolean
  declare timeZone: string
  /** The canonical one, by which quotes come. */
  #symbol = ''
  #asking: AbortController | undefined
  readonly #feed = new QuoteFeed(() => {
    const quote = this.#feed.quotes.get(this.#symbol)
    if (quote) this.quote = withIdentity(quote, this.quote)
    this.missing = this.#feed.missing.get(this.#symbol)
  })

  constructor() {
    super()
    Object.assign(this, { params: {}, query: new URLSearchParams(), timeZone: 'UTC', isUnknown: false })
  }

  override connectedCallback(): void {
    super.connectedCallback()
    if (this.#symbol !== '') void this.#open(this.#symbol)
  }

  override disconnectedCallback(): void {
    this.#asking?.abort()
    this.#feed.close()
    super.disconnectedCallback()
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const asked = this.params['symbol'] ?? ''
    if (changed.has('params') && asked !== this.#symbol) void this.#open(asked)
  }

  protected override render() {
    const symbol = this.#symbol
    if (this.isUnknown) return emptyState(unknown(symbol, this.missing))
    const open = TABS.find(({ id }) => id === this.query.get('tab')) ?? TABS[0]!
    return html`<div class="symbol-page">
      <qw-symbol-header .symbol=${symbol} .quote=${this.quote} .missing=${this.missing}></qw-symbol-header>
      <qw-chart
        .symbol=${symbol}
        .quote=${this.quote}
        @zone-known=${({ detail }: CustomEvent<string>) => (this.timeZone = detail)}
      ></qw-chart>
      <qw-trades .symbol=${symbol} .timeZone=${this.timeZone}></qw-trades>
      <div class="tabs" role="tablist" aria-label="About ${symbol}" @keydown=${this.#key}>
        ${TABS.map((tab) => this.#tab(tab, tab === open))}
      </div>
      <div class="tab-content" role="tabpanel" id="tab-content" aria-labelledby=${`tab-${open.id}`}>
        ${open.content(symbol)}
      </div>
    </div>`
  }

  #tab({ id, label }: Tab, isOpen: boolean) {
    return html`<button
      role="tab"
      id=${`tab-${id}`}
      aria-selected=${isOpen}
      aria-controls="tab-content"
      tabindex=${isOpen ? 0 : -1}
      @click=${() => this.#show(id)}
    >
      ${label}
    </button>`
  }

  readonly #key = (event: KeyboardEvent): void => {
    const move = MOVES[event.key]
    const now = TABS.findIndex(({ id }) => `tab-${id}` === (event.target as Element).id)
    if (move === undefined || now < 0) return
    event.preventDefault()
    const next = TABS[(now + move + TABS.length) % TABS.length]!
    this.#show(next.id)
    this.querySelector<HTMLElement>(`#tab-${next.id}`)?.focus()
  }

  #show(id: string): void {
    go(`${symbolPath(this.#symbol)}?tab=${id}`, { isReplacing: true })
  }

  /** Whatever spelling the address has, what is shown and followed has the canonical one. */
  async #open(asked: string): Promise<void> {
    this.#symbol = asked
    this.quote = undefined
    this.missing = undefined
    this.isUnknown = false
    this.#feed.follow([])
    if (asked === '') return
    this.#asking?.abort()
    const { signal } = (this.#asking = new AbortController())
    try {
      const quote = await api().get('/api/v1/market/quote/{symbol}', { path: { symbol: asked }, signal })
      if (signal.aborted) return
      this.quote = quote
      if (quote.symbol !== asked) {
        this.#symbol = quote.symbol
        go(symbolPath(quote.symbol) + location.search, { isReplacing: true })
      }
    } catch (error) {
      if (signal.aborted) return
      this.missing = wordsFor(error)
      this.isUnknown =
        error instanceof QuotewireError && error.status !== undefined && UNKNOWN_STATUSES.has(error.status)
      if (this.isUnknown) return
    }
    if (may('stream:read')) this.#feed.follow([this.#symbol])
  }
}

const unknown = (symbol: string, why = ''): Problem => ({
  title: `There is no ${symbol}`,
  text: `${why}. Press / to search for another one.`,
  action: { label: 'Market overview', path: '/' }
})

/** What a stream does not tell of an instrument is as it was known before. */
function withIdentity(quote: Quote, before: Quote | undefined): Quote {
  if (before?.symbol !== quote.symbol) return quote
  return { ...pickPresent(before, ['name', 'kind', 'currency', 'mic', 'exchange']), ...quote }
}

function pickPresent<Key extends keyof Quote>(quote: Quote, keys: readonly Key[]): Partial<Pick<Quote, Key>> {
  const present = keys.filter((key) => quote[key] !== undefined).map((key) => [key, quote[key]])
  return Object.fromEntries(present) as Partial<Pick<Quote, Key>>
}

customElements.define('qw-symbol', SymbolPage)
