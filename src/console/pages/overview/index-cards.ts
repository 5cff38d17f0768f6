import { html, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { Quote } from '../../../market/quote.ts'
import { changeText, directionOf, percentText, priceText } from '../../format.ts'
import { provenanceText } from '../../provenance.ts'
import { symbolPath } from '../../router.ts'
import { sparkline, type Closes } from '../../sparklines.ts'

/** Indices, each with its line of the day. */
export const indexCards = (indices: readonly Quote[], closes: ReadonlyMap<string, Closes>): TemplateResult =>
  html`<ul class="cards">
    ${repeat(
      indices,
      ({ symbol }) => symbol,
      (quote) => html`<li>${card(quote, closes.get(quote.symbol))}</li>`
    )}
  </ul>`

function card({ symbol, name, price, change, changePercent, provenance, asOf }: Quote, closes: Closes | undefined) {
  const direction = directionOf(change)
  return html`<a class="card" href=${symbolPath(symbol)} title=${provenanceText(provenance, asOf)}>
    <span class="name">${name ?? symbol}</span>
    <span class="price">${priceText(price)}</span>
    <span class="change ${direction}">${percentText(changePercent)} <small>${changeText(change)}</small></span>
    ${sparkline(closes, direction)}
  </a>`
}
