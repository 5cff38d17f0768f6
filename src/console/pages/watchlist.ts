import { html, nothing } from 'lit'
import type { Quote } from '../../market/quote.ts'
import { api, wordsFor } from '../api.ts'
import { ConsoleElement } from '../element.ts'
import { may } from '../session.ts'
import { emptyState } from '../states.ts'
import { toast } from '../toasts.ts'
import { MAX_WATCHED, unwatch, watch, watched, WELL_KNOWN } from '../watchlist.ts'
import { classOf, COLUMNS, type Column, type ColumnKey } from './watchlist/quote-row.ts'
import { QuoteTable } from './watchlist/quote-table.ts'

/** As many as one request may name. */
const SYMBOLS_PER_REQUEST = 100
const SEPARATORS = /[\s,;]+/

const NO_STREAM = {
  title: 'Your key does not grant stream:read',
  text: 'The watchlist is live, and takes a key with this scope. Sign in with another one.'
}
const EMPTY = { title: 'Nothing is watched', text: 'Add symbols above, or begin with some that everybody knows.' }

type Order = { readonly key: ColumnKey; readonly isDescending: boolean }

/** Symbols that somebody watches, live. */
class Watchlist extends ConsoleElement {
  static override properties = { problem: { state: true }, isBusy: { state: true }, order: { state: true } }
  declare problem: string
  declare isBusy: boolean
  declare order: Order | undefined
  #table: QuoteTable | undefined

  constructor() {
    super()
    Object.assign(this, { problem: '', isBusy: false })
    this.show(watched)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#table?.close()
    this.#table = undefined
  }

  protected override render() {
    if (!may('stream:read')) return emptyState(NO_STREAM)
    const { length } = watched.now
    return html`
      <div class="page-head">
        <h1>Watchlist <span class="quiet">${length === 0 ? nothing : length.toLocaleString('en-US')}</span></h1>
        <form class="add" @submit=${this.#add}>
          <input
            name="symbols"
            aria-label="Symbols to add"
            aria-describedby="add-problem"
            placeholder="AAPL, BRK.B, BTC-USD"
            autocomplete="off"
            spellcheck="false"
            required
          />
          <button class="primary" ?disabled=${this.isBusy}>Add</button>
        </form>
      </div>
      <p id="add-problem" class="problem" role="alert" ?hidden=${this.problem === ''}>${this.problem}</p>
      ${length === 0 ? emptyState(EMPTY, () => watch(WELL_KNOWN), 'Add well-known symbols') : this.#quotes(length)}
    `
  }

  #quotes(length: number) {
    return html`<div
      class="quotes panel"
      role="table"
      aria-label="Watched symbols"
      aria-rowcount=${length + 1}
      tabindex="0"
    >
      <div class="head-group" role="rowgroup">
        <div class="quote-row head" role="row" aria-rowindex="1">
          ${COLUMNS.map((column) => this.#heading(column))}
          <div role="columnheader"><span class="visually-hidden">Remove</span></div>
        </div>
      </div>
      <div class="rows" role="rowgroup"></div>
    </div>`
  }

  #heading(column: Column) {
    const { key, label } = column
    const sorted = this.order?.key === key ? (this.order.isDescending ? 'descending' : 'ascending') : 'none'
    return html`<div role="columnheader" aria-sort=${sorted} class=${classOf(column)}>
      <button @click=${() => this.#sortBy(key)}>${label}</button>
    </div>`
  }

  protected override updated(): void {
    const scroller = this.querySelector<HTMLElement>('.quotes')
    if (!scroller) {
      this.#table?.close()
      this.#table = undefined
      return
    }
    this.#table ??= new QuoteTable(scroller, scroller.querySelector('.rows')!, unwatch)
    this.#table.symbols = this.#ordered()
  }

  /** As the quotes were when somebody asked for the order: rows that jump about cannot be read. */
  #ordered(): readonly string[] {
    const { order } = this
    const table = this.#table!
    if (!order) return watched.now
    const sign = order.isDescending ? -1 : 1
    const valueOf = (symbol: string) => sortValue(order.key, symbol, table.quoteOf(symbol))
    const values = new Map(watched.now.map((symbol) => [symbol, valueOf(symbol)]))
    return watched.now.toSorted((a, b) => sign * compare(values.get(a), values.get(b)))
  }

  #sortBy(key: ColumnKey): void {
    const isDescending = this.order?.key === key ? !this.order.isDescending : key !== 'symbol' && key !== 'source'
    this.order = { key, isDescending }
  }

  readonly #add = async (event: Event): Promise<void> => {
    event.preventDefault()
    const input = this.querySelector('input')!
    const names = [...new Set(input.value.split(SEPARATORS).filter((name) => name !== ''))]
    this.isBusy = true
    this.problem = ''
    try {
      const { known, unknown } = await lookUp(names)
      const added = watch(known)
      if (added > 1) toast(`${added} symbols added`)
      this.problem = [...unknown, ...(added < known.length ? [notAdded(known.length - added)] : [])].join(' · ')
      if (this.problem === '') input.value = ''
    } catch (error) {
      this.problem = wordsFor(error)
    } finally {
      this.isBusy = false
    }
  }
}

const notAdded = (count: number): string =>
  watched.now.length >= MAX_WATCHED
    ? `The list holds ${MAX_WATCHED} symbols at most`
    : `${count} of them ${count === 1 ? 'is' : 'are'} there already`

/** The canonical symbols among names, and why others are none. */
async function lookUp(names: readonly string[]): Promise<{ known: string[]; unknown: string[] }> {
  const known: string[] = []
  const unknown: string[] = []
  for (let at = 0; at < names.length; at += SYMBOLS_PER_REQUEST) {
    const symbols = names.slice(at, at + SYMBOLS_PER_REQUEST).join(',')
    const { quotes, errors } = await api().get('/api/v1/market/quotes', { query: { symbols } })
    known.push(...quotes.map(({ symbol }) => symbol))
    unknown.push(...errors.map(({ symbol, message }) => `${symbol}: ${message}`))
  }
  return { known, unknown }
}

function sortValue(key: ColumnKey, symbol: string, quote: Quote | undefined): string | number | undefined {
  if (key === 'symbol') return symbol
  if (key === 'source' || key === 'state') return quote?.provenance[key]
  if (key === 'age') return quote && -Date.parse(quote.asOf)
  return quote?.[key]
}

/** What is not known comes last in either order. */
function compare(a: string | number | undefined, b: string | number | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
  return a < b ? -1 : a > b ? 1 : 0
}

customElements.define('qw-watchlist', Watchlist)
