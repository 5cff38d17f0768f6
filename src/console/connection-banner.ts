import { html, nothing } from 'lit'
import { everySecond, lengthText } from './ages.ts'
import { ConsoleElement } from './element.ts'
import { connection } from './live.ts'

/** A short break is mended before anybody could read of it. */
const UNNOTICED_MS = 1000
const BACK_SHOWN_MS = 4000

/** Says that live events do not come, since when what is shown stands still, and that they come again. */
class ConnectionBanner extends ConsoleElement {
  static override properties = { isBackShown: { state: true } }
  declare isBackShown: boolean
  #wasLost = false

  constructor() {
    super()
    this.isBackShown = false
    this.show(connection, everySecond)
  }

  protected override willUpdate(): void {
    const now = connection.now
    if (now.state === 'lost' && Date.now() - now.since >= UNNOTICED_MS) this.#wasLost = true
    if (now.state !== 'open' || !this.#wasLost) return
    this.#wasLost = false
    this.isBackShown = true
    setTimeout(() => (this.isBackShown = false), BACK_SHOWN_MS)
  }

  protected override render() {
    const now = connection.now
    if (now.state === 'lost') {
      const forMs = Date.now() - now.since
      if (forMs < UNNOTICED_MS) return nothing
      const inMs = now.retryAt === undefined ? 0 : now.retryAt - Date.now()
      const next = inMs > 1000 ? `Trying again in ${lengthText(inMs)}.` : 'Trying again.'
      return html`<p class="banner" data-kind="lost" role="status">
        <strong>Not connected.</strong> What you see is as it was ${lengthText(forMs)} ago. ${next}
      </p>`
    }
    if (now.state === 'ended') {
      return html`<p class="banner" data-kind="lost" role="alert">
        <strong>The server ended the live connection:</strong> ${now.reason}.
        <button @click=${() => location.reload()}>Connect again</button>
      </p>`
    }
    if (!this.isBackShown || now.state !== 'open') return nothing
    return html`<p class="banner" data-kind="back" role="status">
      <strong>Connected again</strong> after ${lengthText(now.lostForMs ?? 0)}. What was missed has been caught up on.
    </p>`
  }
}

customElements.define('qw-connection-banner', ConnectionBanner)
