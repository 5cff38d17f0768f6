import { html, nothing } from 'lit'
import type { Explanation } from '../../client/client.ts'
import { lengthText } from '../ages.ts'
import { api } from '../api.ts'
import { instantText, priceText } from '../format.ts'
import { Panel, type Within } from '../panel.ts'
import { stateChip } from '../provenance.ts'

type Attempt = Explanation['providers'][number]
type Tier = Explanation['cache'][number]

const OUTCOMES: Record<Attempt['outcome'], string> = {
  answered: 'answered',
  off: 'is off',
  rate_limited: 'refused: too many requests',
  budget_spent: 'not asked: its budget is spent',
  circuit_open: 'not asked: it failed too often lately',
  unauthorized: 'refused our credentials',
  not_covered: 'does not cover this symbol',
  not_found: 'does not know this symbol',
  not_asked: 'not asked',
  unavailable: 'did not answer',
  bad_payload: 'answered what cannot be read',
  rejected_by_quality: 'answered what a quality rule rejects'
}
const TIERS: Record<Tier['tier'], string> = { memory: 'Memory of this process', redis: 'Redis', postgres: 'Postgres' }

/** Why the quote of a symbol is what it is: who was asked, what each said, which was chosen. */
class ExplainPanel extends Panel<Explanation> {
  protected override readonly heading = 'Why this value'

  protected override ask(within: Within) {
    return api().get('/api/v1/market/explain/{symbol}', { path: { symbol: this.subject }, ...within })
  }

  protected override tools({ askedAt }: Explanation) {
    return html`<span class="quiet" title=${instantText(askedAt)}>Providers asked at ${instantText(askedAt)}</span>`
  }

  protected override body({ chosen, chosenBecause, providers, cache }: Explanation) {
    return html`<p class="chosen">
        ${
          chosen
            ? html`<strong>${chosen.provenance.source}</strong> says
                <b>${priceText(chosen.price)} ${chosen.currency ?? ''}</b> ${stateChip(chosen.provenance.state)}`
            : html`<strong>No value</strong>`
        }
        <span class="quiet">${chosenBecause}</span>
      </p>
      <div class="scroll" tabindex="0" role="group" aria-label="What each provider said">
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">Provider</th>
              <th scope="col">What happened</th>
              <th scope="col" class="number">Price</th>
              <th scope="col" class="number">Differs by</th>
              <th scope="col" class="number">As of</th>
              <th scope="col" class="number">Took</th>
            </tr>
          </thead>
          <tbody>
            ${providers.map((told) => providerRow(told, chosen?.provenance.source))}
          </tbody>
        </table>
      </div>
      <h3>Cache</h3>
      <ul class="tiers">
        ${cache.map(tierOf)}
      </ul>`
  }
}

function providerRow(
  { provider, outcome, detail, durationMs, quote, doubts = [], divergencePercent }: Attempt,
  chosen: string | undefined
) {
  return html`<tr data-chosen=${provider === chosen ? 'yes' : nothing}>
    <th scope="row">
      ${provider}${provider === chosen ? html` <span class="chip" data-state="live">chosen</span>` : nothing}
    </th>
    <td class="wraps">
      <span data-outcome=${outcome}>${OUTCOMES[outcome]}</span>
      ${detail ? html`<span class="quiet">${detail}</span>` : nothing}
      ${doubts.map((doubt) => html`<span class="chip" data-state="suspect">${doubt}</span>`)}
    </td>
    <td class="number">${priceText(quote?.price)}</td>
    <td class="number">${divergencePercent === undefined ? '–' : `${divergencePercent.toFixed(3)}%`}</td>
    <td class="number">${quote ? instantText(quote.asOf) : '–'}</td>
    <td class="number">${durationMs === undefined ? '–' : `${Math.round(durationMs)} ms`}</td>
  </tr>`
}

function tierOf({ tier, state, ageSeconds, source }: Tier) {
  const age = ageSeconds === undefined ? '' : `${lengthText(ageSeconds * 1000)} old`
  return html`<li>
    <strong>${TIERS[tier]}</strong>
    <span class="chip" data-tier=${state}>${state}</span>
    <span class="quiet">${[age, source ? `from ${source}` : ''].filter(Boolean).join(', ')}</span>
  </li>`
}

customElements.define('qw-explain', ExplainPanel)
