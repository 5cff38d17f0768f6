import { html, nothing } from 'lit'
import type { Gets } from '../../client/client.ts'
import { api } from '../api.ts'
import { countText } from '../format.ts'
import { Panel, type Within } from '../panel.ts'
import { RENEW_MS } from './renewal.ts'

type LiveStats = Gets['/api/v1/market/ws/stats']['answer']

const MAX_TOPICS = 12
const milliseconds = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 })

/** Who listens to this process, to what, and how far behind. */
class ClientsPanel extends Panel<LiveStats> {
  protected override readonly heading = 'WebSocket clients'
  protected override readonly renewMs = RENEW_MS

  protected override ask(within: Within) {
    return api().get('/api/v1/market/ws/stats', within)
  }

  protected override tools({ log }: LiveStats) {
    return html`<span class="chip" data-status=${log.connected ? 'up' : 'down'}
      >log ${log.connected ? 'connected' : 'away'}</span
    >`
  }

  protected override body(stats: LiveStats) {
    const { lag, topics } = stats
    const ms = (value: number) => (lag.count === 0 ? '–' : `${milliseconds.format(value)} ms`)
    const facts: [string, string, string?][] = [
      [
        'Connections',
        countText(stats.connections),
        `${countText(stats.users)} ${stats.users === 1 ? 'user' : 'users'}`
      ],
      ['Subscriptions', countText(stats.subscriptions)],
      ['Sent', `${countText(stats.messagesPerSecond)}/s`, `${countText(stats.bytesPerSecond)} B/s`],
      ['Lag, median', ms(lag.p50Ms)],
      ['Lag, 99th percentile', ms(lag.p99Ms)],
      ['Fell behind', countText(stats.slow), 'times'],
      ['Resumed', countText(stats.resumed), `${countText(stats.replayed)} events replayed`],
      ['Gaps told', countText(stats.gaps)]
    ]
    return html`<dl class="facts">
        ${facts.map(
          ([name, value, more]) =>
            html`<div>
              <dt>${name}</dt>
              <dd>${value}${more ? html` <small>${more}</small>` : nothing}</dd>
            </div>`
        )}
      </dl>
      <div class="pair">
        <div>
          <h3>Most followed</h3>
          ${
            topics.length === 0
              ? html`<p class="nothing">Nobody follows anything.</p>`
              : html`<ul class="counts">
                  ${topics.slice(0, MAX_TOPICS).map(({ topic, subscribers }) => html`<li><span>${topic}</span><b>${countText(subscribers)}</b></li>`)}
                </ul>`
          }
        </div>
        <div>
          <h3>Connections that ended, by code</h3>
          ${closesOf(stats)}
        </div>
      </div>`
  }
}

function closesOf({ closedByCode }: LiveStats) {
  const codes = Object.entries(closedByCode)
  if (codes.length === 0) return html`<p class="nothing">None yet.</p>`
  return html`<ul class="counts">
    ${codes.map(([code, count]) => html`<li><span>${code}</span><b>${countText(count)}</b></li>`)}
  </ul>`
}

customElements.define('qw-clients', ClientsPanel)
