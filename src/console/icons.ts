import { html, svg, type TemplateResult } from 'lit'

const drawn = (content: TemplateResult<2>) =>
  html`<svg
    viewBox="0 0 24 24"
    width="18"
    height="18"
    aria-hidden="true"
    fill="none"
    stroke="currentColor"
    stroke-width="1.8"
    stroke-linecap="round"
    stroke-linejoin="round"
  >
    ${content}
  </svg>`

/** Drawn here, so that nothing has to be loaded for them. */
export const icon = {
  logo: html`<svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
    <rect width="32" height="32" rx="7" class="logo-ground" />
    <path d="M6 20.5h4.5l3.5-10 4.5 13 3-8h4.5" class="logo-line" />
  </svg>`,
  sun: drawn(
    svg`<circle cx="12" cy="12" r="4" /><path d="M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5 19 19M5 19l1.5-1.5M17.5 6.5 19 5" />`
  ),
  moon: drawn(svg`<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z" />`),
  search: drawn(svg`<circle cx="11" cy="11" r="6.5" /><path d="m16 16 4.5 4.5" />`)
}
