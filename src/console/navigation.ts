import { html, nothing } from 'lit'
import { ConsoleElement } from './element.ts'
import { icon } from './icons.ts'
import { place } from './router.ts'
import { may, session, signOut } from './session.ts'
import { switchTheme, theme } from './theme.ts'
import { toast } from './toasts.ts'
import './search.ts'

type Entry = { readonly path: string; readonly label: string; readonly isServers?: boolean }

const ENTRIES: readonly Entry[] = [
  { path: '/', label: 'Overview' },
  { path: '/watchlist', label: 'Watchlist' }
]
const ADMIN_ENTRIES: readonly Entry[] = [
  { path: '/operations', label: 'Operations' },
  { path: '/admin/queues', label: 'Queues', isServers: true }
]

/** The bar at the top: where one can go, search, theme, and who is signed in. */
class Navigation extends ConsoleElement {
  constructor() {
    super()
    this.show(session, place, theme)
  }

  protected override render() {
    const entries = may('admin:read') ? [...ENTRIES, ...ADMIN_ENTRIES] : ENTRIES
    return html`<header class="bar">
      <a class="brand" href="/" aria-label="Quotewire">${icon.logo}<span>Quotewire</span></a>
      <nav aria-label="Pages">${entries.map((entry) => this.#link(entry))}</nav>
      <qw-search></qw-search>
      <div class="tools">
        <button
          class="icon"
          aria-label=${`Switch to the ${theme.now === 'dark' ? 'light' : 'dark'} theme`}
          @click=${switchTheme}
        >
          ${theme.now === 'dark' ? icon.sun : icon.moon}
        </button>
        ${this.#account()}
      </div>
    </header>`
  }

  #link({ path, label }: Entry) {
    const isHere = path === '/' ? place.now.path === '/' : place.now.path.startsWith(path)
    return html`<a href=${path} aria-current=${isHere ? 'page' : nothing}>${label}</a>`
  }

  #account() {
    const who = session.now
    if (!who?.signedIn) return nothing
    return html`<details class="account" @focusout=${closeOnLeaving} @keydown=${closeOnEscape}>
      <summary aria-label=${`Signed in as ${who.name}`}>${who.name.slice(0, 1).toUpperCase()}</summary>
      <div class="menu">
        <p><strong>${who.name}</strong><span>${who.scopes.join(', ')}</span></p>
        <a href="/about">About and licences</a>
        <a href="/docs">API reference</a>
        <button @click=${this.#signOut}>Sign out</button>
      </div>
    </details>`
  }

  readonly #signOut = (): void => {
    signOut().catch(() => toast('The server does not answer: you are still signed in', 'failed'))
  }
}

function closeOnLeaving({ currentTarget, relatedTarget }: FocusEvent): void {
  const menu = currentTarget as HTMLDetailsElement
  if (!menu.contains(relatedTarget as Node | null)) menu.open = false
}

function closeOnEscape({ key, currentTarget }: KeyboardEvent): void {
  const menu = currentTarget as HTMLDetailsElement
  if (key !== 'Escape' || !menu.open) return
  menu.open = false
  menu.querySelector('summary')!.focus()
}

customElements.define('qw-navigation', Navigation)
