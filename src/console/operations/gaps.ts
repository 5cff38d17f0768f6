import { html, nothing } from 'lit'
import type { Completeness, Gap, GapPage } from '../../client/client.ts'
import type { StoreStats } from '../../client/operator-api.ts'
import { lengthText } from '../ages.ts'
import { api } from '../api.ts'
import { countText, instantText } from '../format.ts'
import { Panel, type Within } from '../panel.ts'
import { serverClock } from '../server-clock.ts'
import { RENEW_SLOWLY_MS } from './renewal.ts'
import { shareBar } from './share-bar.ts'

const MAX_GAPS = 50

type Ledger = { readonly page: GapPage; readonly stats: StoreStats }

const REASONS: Record<Gap['reason'], string> = {
  outage: 'the stream was away',
  mute: 'the stream was silent',
  down: 'this server was down',
  suspended: 'the machine slept',
  log_lost: 'the log was lost',
  joined_late: 'it was followed from then on',
  overflow: 'a buffer was full',
  withheld: 'the vendor delays it'
}

/** The ledger of gaps: what may be missing, why, and what becomes of it. */
class GapsPanel extends Panel<Ledger> {
  protected override readonly heading = 'Gaps'
  protected override readonly renewMs = RENEW_SLOWLY_MS

  protected override async ask(within: Within) {
    const [page, stats] = await Promise.all([
      api().get('/api/v1/marketdata/gaps', { query: { limit: MAX_GAPS }, ...within }),
      api().get('/api/v1/marketdata/stats', within)
    ])
    return { page, stats }
  }

  protected override tools({ stats: { gaps } }: Ledger) {
    return html`${(['open', 'filling', 'filled', 'unfillable'] as const).map(
      (state) =>
        html`<span class="chip" data-gap=${gaps[state] > 0 ? state : nothing}>${countText(gaps[state])} ${state}</span>`
    )}`
  }

  protected override nothingIn({ page }: Ledger) {
    return page.gaps.length === 0 ? 'No gap in the last 30 days.' : undefined
  }

  protected override body({ page }: Ledger) {
    return html`<div class="scroll" tabindex="0" role="group" aria-label="Gaps">
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">Feed</th>
              <th scope="col">Symbol</th>
              <th scope="col">From</th>
              <th scope="col" class="number">Length</th>
              <th scope="col">Why</th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            ${page.gaps.map(rowOf)}
          </tbody>
        </table>
      </div>
      ${page.next ? html`<p class="quiet note">The newest ${page.gaps.length}; there are more.</p>` : nothing}`
  }
}

function rowOf({ source, feed, symbol, from, until, reason, state, detail }: Gap) {
  const lengthMs = (until === undefined ? serverClock.now() : Date.parse(until)) - Date.parse(from)
  return html`<tr>
    <th scope="row">${source} <span class="quiet">${feed}</span></th>
    <td>${symbol ?? 'all'}</td>
    <td>${instantText(from)}</td>
    <td class="number">${lengthText(lengthMs)}${until === undefined ? ' and grows' : ''}</td>
    <td class="wraps">${REASONS[reason]}${detail ? html`<span class="under">${detail}</span>` : nothing}</td>
    <td><span class="chip" data-gap=${state}>${state}</span></td>
  </tr>`
}

type Found = { readonly symbol?: string; readonly completeness?: Completeness }

/** How much of the current or last session of one symbol is there; of one that streams bring, where none was named. */
class CompletenessPanel extends Panel<Found> {
  protected override readonly heading = 'Completeness'
  protected override readonly renewMs = RENEW_SLOWLY_MS

  protected override async ask(within: Within): Promise<Found> {
    const symbol = this.subject === '' ? await anySymbol(within) : this.subject
    if (symbol === undefined) return {}
    const completeness = await api().get('/api/v1/marketdata/completeness/{symbol}', { path: { symbol }, ...within })
    return { symbol, completeness }
  }

  protected override controls() {
    return html`<form class="subject" @submit=${this.#look}>
      <label
        >of
        <input
          name="symbol"
          .value=${this.subject || (this.answer?.symbol ?? '')}
          autocomplete="off"
          spellcheck="false"
          maxlength="64"
          required
      /></label>
      <button class="small">Look</button>
    </form>`
  }

  protected override tools({ completeness }: Found) {
    if (!completeness) return nothing
    return html`<span class="quiet">${completeness.date} · ${completeness.exchange}</span>`
  }

  protected override nothingIn({ symbol, completeness }: Found) {
    if (!completeness) return 'Nothing is stored of any stream yet.'
    return completeness.feeds.length === 0 ? `No feed brought trades of ${symbol} on ${completeness.date}.` : undefined
  }

  protected override body({ completeness }: Found) {
    return html`<div class="scroll" tabindex="0" role="group" aria-label="Completeness">
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">Feed</th>
            <th scope="col">Received</th>
            <th scope="col" class="number">Expected</th>
            <th scope="col" class="number">Backfilled</th>
            <th scope="col" class="number">Missing</th>
            <th scope="col" class="number">Unfillable</th>
          </tr>
        </thead>
        <tbody>
          ${completeness!.feeds.map(feedOf)}
        </tbody>
      </table>
    </div>`
  }

  readonly #look = (event: Event): void => {
    event.preventDefault()
    this.subject = this.querySelector('input')!.value.trim()
  }
}

async function anySymbol(within: Within): Promise<string | undefined> {
  const { bars } = await api().get('/api/v1/bars/latest', { query: { limit: 1 }, ...within })
  return bars[0]?.symbol
}

function feedOf(feed: Completeness['feeds'][number]) {
  const { source, expectedMinutes, receivedMinutes, backfilledMinutes, missingMinutes, unfillableMinutes } = feed
  const share = expectedMinutes === 0 ? 1 : (receivedMinutes + backfilledMinutes) / expectedMinutes
  const percent = `${(share * 100).toFixed(1)}%`
  const mood = share >= 0.999 ? 'good' : share >= 0.9 ? 'warn' : 'bad'
  return html`<tr>
    <th scope="row">${source} <span class="quiet">${feed.feed}</span></th>
    <td class="share-cell">
      <span>${percent}</span> ${shareBar(share, `${percent} of the expected minutes`, { mood })}
    </td>
    <td class="number">${countText(expectedMinutes)} min</td>
    <td class="number">${countText(backfilledMinutes)}</td>
    <td class="number">${countText(missingMinutes)}</td>
    <td class="number">${countText(unfillableMinutes)}</td>
  </tr>`
}

customElements.define('qw-gaps', GapsPanel)
customElements.define('qw-completeness', CompletenessPanel)
