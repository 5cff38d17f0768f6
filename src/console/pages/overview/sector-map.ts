import { html, type TemplateResult } from 'lit'
import type { Sectors } from '../../../market/market-wide.ts'
import { percentText } from '../../format.ts'

/** Of change, per cent: each step is a stronger colour. */
const STEP = 0.5
const MAX_STEPS = 4

/** Sectors as a heat map, the strongest first and twice as wide: eleven of them fill the rows. */
export function sectorMap(sectors: Sectors['sectors']): TemplateResult {
  const ranked = [...sectors].sort((a, b) => b.changePercent - a.changePercent)
  return html`<ul class="heat">
    ${ranked.map(
      ({ sector, changePercent }) =>
        html`<li data-heat=${heatOf(changePercent)}>
          <span>${sector}</span><strong>${percentText(changePercent)}</strong>
        </li>`
    )}
  </ul>`
}

function heatOf(changePercent: number): number {
  const steps = Math.min(MAX_STEPS, Math.ceil(Math.abs(changePercent) / STEP))
  return changePercent < 0 ? -steps : steps
}
