import { html, nothing, type TemplateResult } from 'lit'
import type { ExchangeStatus, MarketStatus } from '../../../market/market-status.ts'
import { countdownText } from '../../ages.ts'
import { clockText } from '../../format.ts'
import { serverClock } from '../../server-clock.ts'

const PHASES: Record<ExchangeStatus['phase'], string> = {
  overnight: 'overnight',
  pre: 'pre-market',
  continuous: 'open',
  closing_auction: 'closing auction',
  post: 'after hours',
  closed: 'closed'
}

/** What each exchange does now, what time it is there, and how long until its regular session opens or closes. */
export function sessionClocks({ exchanges }: MarketStatus): TemplateResult {
  const now = serverClock.now()
  return html`<ul class="sessions">
    ${exchanges.map((exchange) => session(exchange, now))}
  </ul>`
}

function session({ name, exchange, timeZone, phase, nextOpen, nextClose, holiday }: ExchangeStatus, now: number) {
  const isOpen = phase === 'continuous' || phase === 'closing_auction'
  const leftMs = Date.parse(isOpen ? nextClose : nextOpen) - now
  return html`<li>
    <span class="name" title=${`${name} (${exchange})`}>${name}</span>
    <span class="chip" data-phase=${phase}>${PHASES[phase]}</span>
    <span class="until">
      <time title=${timeZone}>${clockText(now, timeZone)}</time>, ${isOpen ? 'closes in' : 'opens in'}
      <strong>${countdownText(leftMs)}</strong>${holiday === undefined ? nothing : ` · ${holiday}`}
    </span>
  </li>`
}
