import { html, nothing } from 'lit'
import type { ProviderStatus } from '../../client/operator-api.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../market/time.ts'
import { ageMsOf, agoText, countdownText } from '../ages.ts'
import { api } from '../api.ts'
import { countText, instantText } from '../format.ts'
import { Panel, type Within } from '../panel.ts'
import { serverClock } from '../server-clock.ts'
import { RENEW_MS } from './renewal.ts'
import { shareBar } from './share-bar.ts'

type Budget = ProviderStatus['budget'][number]

const LENGTH_MS: Record<Budget['per'], number> = {
  second: 1000,
  minute: MINUTE_MS,
  hour: HOUR_MS,
  day: DAY_MS,
  month: 30 * DAY_MS
}
/** Of a budget, from which on it is told. */
const NEARLY_SPENT = 0.8

/** Each vendor: whether it answers, how fast, and how its budget burns down. */
class ProvidersPanel extends Panel<{ providers: ProviderStatus[] }> {
  protected override readonly heading = 'Providers'
  protected override readonly renewMs = RENEW_MS

  protected override ask(within: Within) {
    return api().get('/api/v1/market/providers', within)
  }

  protected override body({ providers }: { providers: ProviderStatus[] }) {
    return html`<div class="scroll" tabindex="0" role="group" aria-label="Providers">
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">Provider</th>
            <th scope="col">State</th>
            <th scope="col">Breakers</th>
            <th scope="col" class="number">
              <abbr title="Of its calls in this process, median and 99 of 100">Latency</abbr>
            </th>
            <th scope="col">Budget</th>
            <th scope="col">Calls</th>
            <th scope="col">Last answer</th>
            <th scope="col">Last failure</th>
          </tr>
        </thead>
        <tbody>
          ${providers.map(rowOf)}
        </tbody>
      </table>
    </div>`
  }
}

function rowOf(provider: ProviderStatus) {
  const { name, plan, status, offBecause, statusBecause, latencyMs, budget, calls, lastSuccessAt, lastFailure } =
    provider
  const reason = offBecause ?? statusBecause
  const counts = Object.entries(calls).filter(([, count]) => count > 0)
  return html`<tr>
    <th scope="row">${name}<span class="under">${plan}</span></th>
    <td class="wraps">
      <span class="chip" data-status=${status}>${status}</span
      >${reason ? html`<span class="under">${reason}</span>` : nothing}
    </td>
    <td>${breakersOf(provider)}</td>
    <td class="number">${latencyMs ? html`${Math.round(latencyMs.p50)} / ${Math.round(latencyMs.p99)} ms` : '–'}</td>
    <td class="budgets">${budget.length === 0 ? '–' : budget.map(budgetOf)}</td>
    <td class="wraps">
      ${counts.length === 0 ? '–' : counts.map(([outcome, count]) => html`<span class="under">${words(outcome)} ${countText(count)}</span>`)}
    </td>
    <td>
      ${lastSuccessAt ? html`<span title=${instantText(lastSuccessAt)}>${agoText(ageMsOf(lastSuccessAt))}</span>` : '–'}
    </td>
    <td>
      ${lastFailure ? html`<span title=${instantText(lastFailure.at)}>${agoText(ageMsOf(lastFailure.at))}</span><span class="under">${words(lastFailure.outcome)}</span>` : '–'}
    </td>
  </tr>`
}

/** Those that are not closed stand there by name; the others are as many as they are. */
function breakersOf({ breakers, enabled }: ProviderStatus) {
  const all = Object.entries(breakers)
  if (all.length === 0) return enabled ? html`<span class="quiet">unused</span>` : '–'
  const troubled = all.filter(([, state]) => state !== 'closed')
  if (troubled.length === 0) return html`<span class="quiet">${all.length} closed</span>`
  return troubled.map(
    ([capability, state]) => html`<span class="chip" data-breaker=${state}>${capability}: ${words(state)}</span>`
  )
}

/** The mark on the bar is how much of the window has passed: use that is ahead of it will not last. */
function budgetOf(use: Budget) {
  const { unit, per, limit, used, left, resetsAt } = use
  const leftMs = Date.parse(resetsAt) - serverClock.now()
  const passed = 1 - Math.min(1, Math.max(0, leftMs / LENGTH_MS[per]))
  const share = limit === 0 ? 1 : used / limit
  const isAhead = per !== 'second' && share > passed && share > 0.5
  const mood = share >= 1 ? 'bad' : share >= NEARLY_SPENT || isAhead ? 'warn' : 'good'
  const text = `${countText(used)} of ${countText(limit)} ${unit} a ${per}`
  return html`<div
    class="budget"
    title="${text}; ${countText(left)} left, anew in ${countdownText(leftMs)}${spentText(use, passed)}"
  >
    <span>${text}</span>${shareBar(share, `${text} used`, { mark: passed, mood })}
  </div>`
}

function spentText({ limit, used, per }: Budget, passed: number): string {
  if (passed <= 0 || used === 0 || per === 'second') return ''
  const perWindow = used / passed
  if (perWindow <= limit) return `. At this rate ${countText(Math.round(perWindow))} in all`
  return `. At this rate it is spent in ${countdownText(((limit - used) / used) * passed * LENGTH_MS[per])}`
}

const words = (name: string): string => name.replaceAll('_', ' ')

customElements.define('qw-providers', ProvidersPanel)
