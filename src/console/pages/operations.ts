import { html } from 'lit'
import { ConsoleElement } from '../element.ts'
import { may, session } from '../session.ts'
import { emptyState } from '../states.ts'
import '../operations/cache.ts'
import '../operations/clients.ts'
import '../operations/connections.ts'
import '../operations/feeds.ts'
import '../operations/freshness.ts'
import '../operations/gaps.ts'
import '../operations/health.ts'
import '../operations/jobs.ts'
import '../operations/providers.ts'

const NOT_ALLOWED = {
  title: 'Your key does not grant admin:read',
  text: 'What operators see takes a key with this scope, and admin:write to change something. Sign in with another one.',
  action: { label: 'Sign in with another key', path: '/sign-in?next=/operations&refused' }
}

/** What operators look at. Each panel renews itself, and says how old it is. */
class Operations extends ConsoleElement {
  constructor() {
    super()
    this.show(session)
  }

  protected override render() {
    if (!may('admin:read')) return emptyState(NOT_ALLOWED)
    return html`<div class="page-head">
        <h1>Operations</h1>
        <p class="quiet">Caches, calls and sums are those of the API process that answers.</p>
      </div>
      <div class="operations">
        <qw-health></qw-health>
        <qw-providers></qw-providers>
        <qw-feeds></qw-feeds>
        <qw-freshness></qw-freshness>
        <qw-cache></qw-cache>
        <qw-completeness></qw-completeness>
        <qw-gaps></qw-gaps>
        <qw-clients></qw-clients>
        <qw-connections></qw-connections>
        <qw-jobs></qw-jobs>
      </div>`
  }
}

customElements.define('qw-operations', Operations)
