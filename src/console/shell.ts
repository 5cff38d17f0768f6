import { html, nothing, type TemplateResult } from 'lit'
import { ConsoleElement } from './element.ts'
import { emptyState, type Problem } from './states.ts'
import { place, type Page, type PageElement } from './router.ts'
import { invitation, session } from './session.ts'
import './connection-banner.ts'
import './navigation.ts'
import './pages/sign-in.ts'
import './toasts.ts'

const NOTHING_HERE: Problem = {
  title: 'There is no such page',
  text: 'The address may be misspelt, or of another version of the console.',
  action: { label: 'Market overview', path: '/' }
}
const NOT_LOADED: Problem = {
  title: 'The page could not be loaded',
  text: 'The server does not answer, or it was updated since this page was opened. Reloading helps in both cases.'
}

/** The whole console: navigation, and the page of the address; the sign-in page for who is not signed in. */
class Console extends ConsoleElement {
  #shown: { page: Page; element: PageElement } | undefined
  #failed: Page | undefined

  constructor() {
    super()
    this.show(session, invitation, place)
  }

  override connectedCallback(): void {
    this.replaceChildren()
    super.connectedCallback()
  }

  protected override render() {
    const who = session.now
    if (who === undefined) return boot
    const isSigningIn = !who.signedIn || invitation.now || place.now.page?.element === 'qw-sign-in'
    document.title = `${isSigningIn ? 'Sign in' : titleOf()} · Quotewire`
    if (isSigningIn) {
      this.#shown = undefined
      return html`<qw-sign-in></qw-sign-in><qw-toasts></qw-toasts>`
    }
    return html`
      <a class="skip" href="#main" @click=${this.#skip}>Skip to the content</a>
      <qw-navigation></qw-navigation>
      <qw-connection-banner></qw-connection-banner>
      <main id="main" tabindex="-1">${this.#page()}</main>
      <qw-toasts></qw-toasts>
    `
  }

  #page(): TemplateResult | PageElement | typeof nothing {
    const { page, params, query } = place.now
    if (!page) return emptyState(NOTHING_HERE)
    if (this.#failed === page) return emptyState(NOT_LOADED, () => location.reload())
    if (this.#shown?.page !== page) {
      void this.#load(page)
      return this.#shown?.element ?? nothing
    }
    Object.assign(this.#shown.element, { params, query })
    return this.#shown.element
  }

  /** The page before stays until the next one is there. */
  async #load(page: Page): Promise<void> {
    const isFirst = this.#shown === undefined
    try {
      await page.load()
    } catch {
      this.#failed = page
    }
    if (place.now.page !== page) return
    if (this.#failed !== page) {
      this.#failed = undefined
      this.#shown = { page, element: document.createElement(page.element) as PageElement }
    }
    this.requestUpdate()
    await this.updateComplete
    if (!isFirst) this.#focusContent()
  }

  readonly #skip = (event: Event): void => {
    event.preventDefault()
    this.#focusContent()
  }

  /** Whoever moves by keyboard, or listens, goes on where the new page begins. */
  #focusContent(): void {
    this.querySelector<HTMLElement>('#main')?.focus({ preventScroll: true })
  }
}

const boot = html`<div class="boot" role="status"><p>Quotewire</p></div>`

function titleOf(): string {
  const { page, params } = place.now
  return page?.title(params) ?? 'Not found'
}

customElements.define('qw-console', Console)
