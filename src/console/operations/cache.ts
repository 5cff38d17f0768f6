import { html, nothing } from 'lit'
import type { CacheStats } from '../../client/operator-api.ts'
import { ageText } from '../ages.ts'
import { api } from '../api.ts'
import { countText } from '../format.ts'
import { Panel, type Within } from '../panel.ts'
import { RENEW_MS } from './renewal.ts'
import { shareBar } from './share-bar.ts'

type Namespace = CacheStats['namespaces'][number]
type Tier = Namespace['memory']

/** What each tier of the cache answered, and what its sources were asked for. */
class CachePanel extends Panel<CacheStats> {
  protected override readonly heading = 'Cache'
  protected override readonly renewMs = RENEW_MS

  protected override ask(within: Within) {
    return api().get('/api/v1/market/cache/stats', within)
  }

  protected override tools({ memory, redis }: CacheStats) {
    const redisText = redis.reachable
      ? `Redis ${countText(redis.keys)} keys, ${bytesText(redis.usedBytes)}`
      : 'Redis is away'
    return html`<span class="quiet"
      >Memory ${countText(memory.entries)} entries, ${bytesText(memory.bytes)} of ${bytesText(memory.maxBytes)} ·
      ${redisText}</span
    >`
  }

  protected override body({ namespaces }: CacheStats) {
    const used = namespaces.filter(({ memory }) => memory.hits + memory.misses > 0)
    if (used.length === 0) return html`<p class="nothing">This process was not asked for anything yet.</p>`
    return html`<div class="scroll" tabindex="0" role="group" aria-label="Cache">
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">Data</th>
            <th scope="col">Memory hits</th>
            <th scope="col">Redis hits</th>
            <th scope="col" class="number"><abbr title="Answered past their freshness">Stale</abbr></th>
            <th scope="col" class="number"><abbr title="Times the sources were asked">Loads</abbr></th>
            <th scope="col" class="number"><abbr title="Lookups that needed no load">Saved</abbr></th>
            <th scope="col" class="number">Failed</th>
          </tr>
        </thead>
        <tbody>
          ${used.map(rowOf)}
        </tbody>
      </table>
    </div>`
  }
}

function rowOf({ namespace, memory, redis, loads, loadsSaved, loadFailures, failingSince }: Namespace) {
  return html`<tr>
    <th scope="row">
      ${namespace}${failingSince ? html` <span class="chip" data-status="failing">failing for ${ageText(failingSince)}</span>` : nothing}
    </th>
    <td class="share-cell">${rateOf(memory)}</td>
    <td class="share-cell">${rateOf(redis)}</td>
    <td class="number">${countText(memory.staleHits + redis.staleHits)}</td>
    <td class="number">${countText(loads)}</td>
    <td class="number">${countText(loadsSaved)}</td>
    <td class="number">${countText(loadFailures)}</td>
  </tr>`
}

function rateOf({ hitRate, hits, misses }: Tier) {
  if (hitRate === undefined) return '–'
  const percent = `${(hitRate * 100).toFixed(1)}%`
  return html`<span>${percent}</span> ${shareBar(hitRate, `${percent}: ${hits} of ${hits + misses}`)}`
}

function bytesText(bytes: number | undefined): string {
  if (bytes === undefined) return '–'
  return bytes < 1_048_576 ? `${Math.round(bytes / 1024)} KiB` : `${(bytes / 1_048_576).toFixed(1)} MiB`
}

customElements.define('qw-cache', CachePanel)
