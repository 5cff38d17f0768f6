import { html, nothing, type PropertyDeclarations, type PropertyValues } from 'lit'
import type { Gets } from '../../client/client.ts'
import type { LiveConnection } from '../../client/operator-api.ts'
import { ageText } from '../ages.ts'
import { api, wordsFor } from '../api.ts'
import { countText, instantText } from '../format.ts'
import { Panel, type Within } from '../panel.ts'
import { may } from '../session.ts'
import { toast } from '../toasts.ts'
import { RENEW_MS } from './renewal.ts'

type Connections = Gets['/api/v1/admin/connections']['answer']

const PAGE_ROWS = 25

/** Who is connected to any process, from where, and what waits for each; page by page. */
class ConnectionsPanel extends Panel<Connections> {
  static override properties: PropertyDeclarations = { ...Panel.properties, pages: { state: true } }
  /** What led to this page from the first one on. */
  declare pages: readonly string[]
  protected override readonly heading = 'Connections'
  protected override readonly renewMs = RENEW_MS

  constructor() {
    super()
    this.pages = []
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    super.willUpdate(changed)
    if (this.hasUpdated && changed.has('pages')) void this.load()
  }

  protected override ask(within: Within) {
    const query = { limit: PAGE_ROWS, page: this.pages.at(-1) }
    return api().get('/api/v1/admin/connections', { query, ...within })
  }

  protected override tools({ total, processes, isComplete }: Connections) {
    const where = `${countText(total)} in ${processes} ${processes === 1 ? 'process' : 'processes'}`
    if (isComplete) return html`<span class="quiet">${where}</span>`
    return html`<span class="chip" data-status="late" title="A process has not answered, or Redis is away"
      >${where}, not all</span
    >`
  }

  protected override nothingIn({ connections }: Connections) {
    return connections.length === 0 && this.pages.length === 0 ? 'Nobody is connected.' : undefined
  }

  protected override body({ connections, next }: Connections) {
    return html`<div class="scroll" tabindex="0" role="group" aria-label="All connections">
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">User</th>
              <th scope="col">Protocol</th>
              <th scope="col">Address</th>
              <th scope="col" class="number">Since</th>
              <th scope="col" class="number"><abbr title="Subscriptions">Subs</abbr></th>
              <th scope="col" class="number"><abbr title="Bytes that it has not taken yet">Waiting</abbr></th>
              <th scope="col" class="number">
                <abbr title="Values passed over because newer ones came while it was behind">Conflated</abbr>
              </th>
              <td></td>
            </tr>
          </thead>
          <tbody>
            ${connections.map((each) => this.#row(each))}
          </tbody>
        </table>
      </div>
      ${
        next === undefined && this.pages.length === 0
          ? nothing
          : html`<div class="pages">
              <button class="small" ?disabled=${this.pages.length === 0} @click=${this.#back}>Back</button>
              <button class="small" ?disabled=${next === undefined} @click=${() => this.#forward(next!)}>More</button>
            </div>`
      }`
  }

  #row(connection: LiveConnection) {
    const { id, user, protocol, address, openedAt, subscriptions, bufferedBytes, behindSince, conflated } = connection
    return html`<tr>
      <th scope="row">${user ?? html`<span class="quiet">not said yet</span>`}</th>
      <td title=${id}>${protocol}</td>
      <td>${address ?? '–'}</td>
      <td class="number" title=${instantText(openedAt)}>${ageText(openedAt)}</td>
      <td class="number">${countText(subscriptions)}</td>
      <td class="number">
        ${countText(bufferedBytes)}B${behindSince === undefined ? nothing : html`<span class="under">behind for ${ageText(behindSince)}</span>`}
      </td>
      <td class="number">${countText(conflated)}</td>
      <td class="number">
        ${
          may('admin:write')
            ? html`<button
                class="small"
                aria-label=${`End the ${protocol} connection of ${user ?? address ?? 'somebody'}`}
                @click=${() => this.#end(connection)}
              >
                End
              </button>`
            : nothing
        }
      </td>
    </tr>`
  }

  readonly #back = (): void => {
    this.pages = this.pages.slice(0, -1)
  }

  #forward(next: string): void {
    this.pages = [...this.pages, next]
  }

  async #end({ id, user, protocol }: LiveConnection): Promise<void> {
    try {
      await api().delete('/api/v1/admin/connections/{id}', { path: { id } })
      toast(`The ${protocol} connection of ${user ?? 'somebody'} was ended`)
    } catch (error) {
      toast(wordsFor(error), 'failed')
    }
    await this.load()
  }
}

customElements.define('qw-connections', ConnectionsPanel)
