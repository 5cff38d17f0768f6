import { nothing, svg, html, type TemplateResult } from 'lit'

const WIDTH = 100
const HEIGHT = 6

/**
 * How much of a whole there is, 0 to 1, as a bar. `mark` is another share of it, to hold the first one against; `mood` colours
 * it. What it means stands in `label`, for those who do not see it.
 */
export function shareBar(
  share: number,
  label: string,
  { mark, mood = 'good' }: { mark?: number; mood?: 'good' | 'warn' | 'bad' } = {}
): TemplateResult {
  const width = Math.min(1, Math.max(0, share)) * WIDTH
  return html`<svg
    class="share"
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    preserveAspectRatio="none"
    role="img"
    aria-label=${label}
    data-mood=${mood}
  >
    <title>${label}</title>
    <rect class="whole" width=${WIDTH} height=${HEIGHT} />
    <rect class="part" width=${width} height=${HEIGHT} />
    ${mark === undefined ? nothing : svg`<rect class="mark" x=${Math.min(1, Math.max(0, mark)) * WIDTH} width="1" height=${HEIGHT} />`}
  </svg>`
}
