import { html, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { Movers } from '../../../market/market-wide.ts'
import { countText, directionOf, percentText, priceText } from '../../format.ts'
import { symbolPath } from '../../router.ts'

/** What rose, fell or traded most. */
export const moversTable = ({ movers }: Movers): TemplateResult =>
  html`<table class="movers-table">
    <thead>
      <tr>
        <th scope="col">Symbol</th>
        <th scope="col" class="number">Price</th>
        <th scope="col" class="number">Change</th>
        <th scope="col" class="number">Volume</th>
      </tr>
    </thead>
    <tbody>
      ${repeat(
        movers,
        ({ symbol }) => symbol,
        ({ symbol, name, price, changePercent, volume }) =>
          html`<tr>
            <th scope="row"><a href=${symbolPath(symbol)}>${symbol}</a><span class="name">${name ?? ''}</span></th>
            <td class="number">${priceText(price)}</td>
            <td class="number ${directionOf(changePercent)}">${percentText(changePercent)}</td>
            <td class="number quiet">${countText(volume)}</td>
          </tr>`
      )}
    </tbody>
  </table>`
