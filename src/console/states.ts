import { html, nothing, type TemplateResult } from 'lit'
import { wordsFor } from './api.ts'

/** What stands in place of what should be there. */
export type Problem = {
  readonly title: string
  readonly text: string
  readonly action?: { readonly label: string; readonly path: string }
}

/** Says why there is nothing, and what to do about it. `retry` gives it a button, which says `label`. */
export function emptyState({ title, text, action }: Problem, retry?: () => void, label = 'Try again'): TemplateResult {
  return html`<div class="empty">
    <h2>${title}</h2>
    <p>${text}</p>
    ${action ? html`<a class="button" href=${action.path}>${action.label}</a>` : nothing}
    ${retry ? html`<button @click=${retry}>${label}</button>` : nothing}
  </div>`
}

/** What went wrong, for people. */
export function problemOf(error: unknown, title: string): Problem {
  return { title, text: wordsFor(error) }
}

/** The place of something that is on its way, as high as it will be. */
export const skeleton = (lines: number): TemplateResult =>
  html`<div class="skeleton" role="status" aria-label="Loading">
    ${Array.from({ length: lines }, () => html`<span></span>`)}
  </div>`
