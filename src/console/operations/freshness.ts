import { html, nothing } from 'lit'
import { ageMsOf, agoText, lengthText } from '../ages.ts'
import { countText, instantText } from '../format.ts'
import { Panel, type Within } from '../panel.ts'
import { askHealth, type Health } from './ask-health.ts'
import { RENEW_MS } from './renewal.ts'
import { shareBar } from './share-bar.ts'

type DataHealth = Health['data'][string]

/** How old what was served last is, of each kind of data, against how old it may be. */
class FreshnessPanel extends Panel<Health> {
  protected override readonly heading = 'Freshness against targets'
  protected override readonly renewMs = RENEW_MS

  protected override ask(within: Within) {
    return askHealth(within.signal)
  }

  protected override body({ data }: Health) {
    const used = Object.entries(data).filter(([, { status }]) => status !== 'unused')
    const unused = Object.entries(data).filter(([, { status }]) => status === 'unused')
    return html`<div class="scroll" tabindex="0" role="group" aria-label="Freshness">
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">Data</th>
              <th scope="col">State</th>
              <th scope="col" class="number">Age</th>
              <th scope="col" class="number">Target</th>
              <th scope="col"><span class="visually-hidden">Share of the target</span></th>
              <th scope="col" class="number">
                <abbr title="Served older than promised, since the start of this process">Late</abbr>
              </th>
              <th scope="col" class="number">Served</th>
            </tr>
          </thead>
          <tbody>
            ${used.map(rowOf)}
          </tbody>
        </table>
      </div>
      ${
        unused.length > 0
          ? html`<p class="quiet note">Not asked for yet: ${unused.map(([name]) => name).join(', ')}.</p>`
          : nothing
      }`
  }
}

function rowOf([name, { status, ageSeconds = 0, targetSeconds, servedLate, lastServedAt, failingSince }]: [
  string,
  DataHealth
]) {
  const share = ageSeconds / targetSeconds
  const label = `${Math.round(share * 100)} % of the target`
  // What its session keeps valid may be older.
  const mood = status === 'fresh' ? 'good' : status === 'late' ? 'warn' : 'bad'
  return html`<tr>
    <th scope="row">${name}</th>
    <td>
      <span
        class="chip"
        data-status=${status}
        title=${failingSince ? `Failing since ${instantText(failingSince)}` : nothing}
        >${status}</span
      >
    </td>
    <td class="number">${lengthText(ageSeconds * 1000)}</td>
    <td class="number">${lengthText(targetSeconds * 1000)}</td>
    <td class="share-cell">${shareBar(share, label, { mood })}</td>
    <td class="number">${countText(servedLate)}</td>
    <td class="number">${lastServedAt ? agoText(ageMsOf(lastServedAt)) : '–'}</td>
  </tr>`
}

customElements.define('qw-freshness', FreshnessPanel)
