import { html, nothing } from 'lit'
import { changeText, countText, directionOf, percentText, priceText, ratioText } from '../format.ts'
import type { ChartBar } from './bar-book.ts'
import type { Mark } from './price-chart.ts'

type Legend = {
  readonly bar: ChartBar
  readonly before: ChartBar | undefined
  /** Whether somebody points at it; else it is the last one, which changes too often to be read out. */
  readonly isPointed: boolean
  readonly timeText: string
  readonly mark: Mark | undefined
  readonly indicators: readonly { readonly label: string; readonly values: readonly (number | undefined)[] }[]
}

/** A bar in figures, with what happened to the share on its day and what the indicators say. */
export function legendOf({ bar, before, isPointed, timeText, mark, indicators }: Legend) {
  return html`<p class="legend" aria-live=${isPointed ? 'polite' : 'off'}>
    <time datetime=${bar.start}>${timeText}</time>
    ${(['open', 'high', 'low'] as const).map(
      (name) => html`<span><abbr title=${name}>${name.slice(0, 1).toUpperCase()}</abbr> ${priceText(bar[name])}</span>`
    )}
    <span><abbr title="close">C</abbr> <b data-figure="close">${priceText(bar.close)}</b></span>
    ${before ? changeOf(bar.close, before.close) : nothing}
    <span><abbr title="volume">V</abbr> ${countText(bar.volume)}</span>
    ${bar.isRunning ? html`<span class="chip" title="The bar is not over yet">running</span>` : nothing}
    ${mark ? html`<span class="chip">${mark.text}</span>` : nothing}
    ${indicators.map(
      ({ label, values }) => html`<span class="quiet">${label} ${values.map(ratioText).join(' · ')}</span>`
    )}
  </p>`
}

function changeOf(close: number, before: number) {
  const change = close - before
  return html`<span class=${directionOf(change)}>${changeText(change)} (${percentText((change / before) * 100)})</span>`
}
