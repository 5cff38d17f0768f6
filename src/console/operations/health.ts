import { html, nothing } from 'lit'
import { lengthText } from '../ages.ts'
import { Panel, type Within } from '../panel.ts'
import { askHealth, type Health } from './ask-health.ts'
import { RENEW_MS } from './renewal.ts'

/** Whether the server serves: itself, and what it depends on. */
class HealthPanel extends Panel<Health> {
  protected override readonly heading = 'Health'
  protected override readonly renewMs = RENEW_MS

  protected override ask(within: Within) {
    return askHealth(within.signal)
  }

  protected override tools({ status }: Health) {
    return html`<span class="chip" data-status=${status}>${status}</span>`
  }

  protected override body({ version, market, uptimeSeconds, dependencies, log }: Health) {
    const facts: [string, unknown][] = [
      ['Market', market],
      ['Version', version],
      ['Up for', lengthText(uptimeSeconds * 1000)],
      ['Clients can resume', log.reachSeconds === undefined ? '–' : `${lengthText(log.reachSeconds * 1000)} back`]
    ]
    return html`<dl class="facts">
      ${facts.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`
      )}
      ${Object.entries(dependencies).map(
        ([name, { status, latencyMs, reason }]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>
              <span class="chip" data-status=${status} title=${reason ?? nothing}>${status}</span>
              ${latencyMs === undefined ? nothing : html`<small>${Math.round(latencyMs * 10) / 10} ms</small>`}
            </dd>
          </div>`
      )}
    </dl>`
  }
}

customElements.define('qw-health', HealthPanel)
