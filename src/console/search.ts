import { html, nothing } from 'lit'
import type { SearchMatch } from '../market/search.ts'
import { api, wordsFor } from './api.ts'
import { ConsoleElement } from './element.ts'
import { icon } from './icons.ts'
import { go, symbolPath } from './router.ts'

const PAUSE_MS = 120
const MAX_MATCHES = 8
const LIST = 'search-matches'

/** Search as one types, opened by `/` from anywhere: arrows choose, Enter goes to the symbol's page. */
class Search extends ConsoleElement {
  static override properties = {
    query: { state: true },
    found: { state: true },
    chosen: { state: true },
    note: { state: true },
    isOpen: { state: true }
  }
  declare query: string
  declare found: readonly SearchMatch[]
  declare chosen: number
  declare note: string
  declare isOpen: boolean
  #timer = 0
  #asking: AbortController | undefined

  constructor() {
    super()
    Object.assign(this, { query: '', found: [], chosen: -1, note: '', isOpen: false })
  }

  override connectedCallback(): void {
    super.connectedCallback()
    document.addEventListener('keydown', this.#openBySlash)
  }

  override disconnectedCallback(): void {
    document.removeEventListener('keydown', this.#openBySlash)
    super.disconnectedCallback()
  }

  protected override render() {
    const isListed = this.isOpen && this.found.length > 0
    return html`<search class="search" @focusout=${this.#leave}>
      ${icon.search}
      <input
        type="text"
        role="combobox"
        aria-label="Search for a symbol or a name"
        aria-autocomplete="list"
        aria-expanded=${isListed}
        aria-controls=${LIST}
        aria-activedescendant=${isListed && this.chosen >= 0 ? `${LIST}-${this.chosen}` : nothing}
        autocomplete="off"
        spellcheck="false"
        maxlength="100"
        placeholder="Search symbols"
        .value=${this.query}
        @input=${this.#type}
        @keydown=${this.#key}
        @focus=${() => (this.isOpen = true)}
      />
      <kbd aria-hidden="true">/</kbd>
      <ul id=${LIST} role="listbox" aria-label="Matches" ?hidden=${!isListed}>
        ${this.found.map((match, at) => this.#match(match, at))}
      </ul>
      ${this.isOpen && this.note !== '' ? html`<p class="note" role="status">${this.note}</p>` : nothing}
    </search>`
  }

  #match({ symbol, name, kind, exchange }: SearchMatch, at: number) {
    return html`<li
      id=${`${LIST}-${at}`}
      role="option"
      aria-selected=${at === this.chosen}
      @mousedown=${(event: Event) => event.preventDefault()}
      @click=${() => this.#go(at)}
    >
      <strong>${symbol}</strong><span class="name">${name ?? ''}</span>
      <span class="kind">${[kind, exchange].filter((part) => part !== undefined).join(' · ')}</span>
    </li>`
  }

  readonly #openBySlash = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement
    const isTyping = target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping) return
    event.preventDefault()
    this.querySelector('input')!.select()
  }

  readonly #type = (event: Event): void => {
    this.query = (event.target as HTMLInputElement).value
    this.isOpen = true
    this.chosen = -1
    clearTimeout(this.#timer)
    this.#asking?.abort()
    if (this.query.trim() === '') {
      this.found = []
      this.note = ''
    } else this.#timer = setTimeout(() => void this.#ask(this.query.trim()), PAUSE_MS)
  }

  async #ask(query: string): Promise<void> {
    const asking = (this.#asking = new AbortController())
    try {
      const { signal } = asking
      const { matches } = await api().get('/api/v1/market/search', { query: { query, limit: MAX_MATCHES }, signal })
      this.found = matches.slice(0, MAX_MATCHES)
      this.note = this.found.length === 0 ? `Nothing is known as ${query}` : ''
      this.chosen = this.found.length > 0 ? 0 : -1
    } catch (error) {
      if (asking.signal.aborted) return
      this.found = []
      this.note = wordsFor(error)
    }
  }

  readonly #key = (event: KeyboardEvent): void => {
    const { length } = this.found
    if (event.key === 'Escape') return this.#close()
    if (event.key === 'Enter') return this.#go(this.chosen)
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step === 0 || length === 0) return
    event.preventDefault()
    this.chosen = (this.chosen + step + length) % length
  }

  /** To the chosen match; to what was typed where nothing is known of it yet: its page says whether it exists. */
  #go(at: number): void {
    const symbol = this.found[at]?.symbol ?? this.query.trim().toUpperCase()
    if (symbol === '') return
    this.#close()
    go(symbolPath(symbol))
  }

  #close(): void {
    clearTimeout(this.#timer)
    this.#asking?.abort()
    Object.assign(this, { query: '', found: [], note: '', isOpen: false })
    this.querySelector('input')!.blur()
  }

  readonly #leave = (event: FocusEvent): void => {
    if (!this.contains(event.relatedTarget as Node | null)) this.isOpen = false
  }
}

customElements.define('qw-search', Search)
