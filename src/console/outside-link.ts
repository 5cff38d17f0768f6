import { html, type TemplateResult } from 'lit'

/** A link that a vendor gave. What is no address of the web stays text. */
export function outsideLink(address: string, text: string): TemplateResult {
  const url = URL.parse(address)
  if (!url || !/^https?:$/.test(url.protocol)) return html`${text}`
  return html`<a href=${url.href} target="_blank" rel="noreferrer noopener">${text}</a>`
}
