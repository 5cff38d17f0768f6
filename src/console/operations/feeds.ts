import { html, nothing } from 'lit'
import type { BrokerStatus } from '../../client/operator-api.ts'
import { ageMsOf, ageText, agoText } from '../ages.ts'
import { api } from '../api.ts'
import { countText, instantText } from '../format.ts'
import { Panel, type Within } from '../panel.ts'
import { RENEW_MS } from './renewal.ts'

type Stream = BrokerStatus['streams'][number]

/** Each vendor's stream: what it does, which process owns it, and what it carries. */
class FeedsPanel extends Panel<BrokerStatus> {
  protected override readonly heading = 'Feeds'
  protected override readonly renewMs = RENEW_MS

  protected override ask(within: Within) {
    return api().get('/api/v1/broker-status', within)
  }

  protected override tools({ status, text }: BrokerStatus) {
    return html`<span class="chip" data-status=${status} title=${text}>${status}</span>`
  }

  protected override nothingIn({ streams, text }: BrokerStatus) {
    return streams.length === 0 ? `${text}. Quotes are polled.` : undefined
  }

  protected override body({ streams }: BrokerStatus) {
    return html`<div class="scroll" tabindex="0" role="group" aria-label="Feeds">
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">Stream</th>
            <th scope="col">State</th>
            <th scope="col">Owner</th>
            <th scope="col" class="number">
              <abbr title="Topics that the vendor acknowledged, of those that are wanted">Carries</abbr>
            </th>
            <th scope="col" class="number">Last event</th>
            <th scope="col" class="number">Reconnects</th>
            <th scope="col" class="number">Gaps</th>
            <th scope="col">Last error</th>
          </tr>
        </thead>
        <tbody>
          ${streams.map(rowOf)}
        </tbody>
      </table>
    </div>`
  }
}

function rowOf(stream: Stream) {
  const { state, text, since, owner, standsBy, wanted, carried, lastEventAgeSeconds, reconnects, gaps, lastError } =
    stream
  return html`<tr>
    <th scope="row">${stream.stream}${standsBy ? html`<span class="under">stands by</span>` : nothing}</th>
    <td class="wraps">
      <span class="chip" data-status=${state}>${state.replaceAll('_', ' ')}</span>
      <span class="quiet">for ${ageText(since)}</span><span class="under">${text}</span>
    </td>
    <td>${owner ?? '–'}</td>
    <td class="number">${countText(carried)} of ${countText(wanted)}</td>
    <td class="number">${lastEventAgeSeconds === undefined ? '–' : agoText(lastEventAgeSeconds * 1000)}</td>
    <td class="number">${reconnects ?? '–'}</td>
    <td class="number">${gaps ?? '–'}</td>
    <td class="wraps">
      ${lastError ? html`<span title=${instantText(lastError.at)}>${lastError.text}</span><span class="under">${agoText(ageMsOf(lastError.at))}</span>` : '–'}
    </td>
  </tr>`
}

customElements.define('qw-feeds', FeedsPanel)
