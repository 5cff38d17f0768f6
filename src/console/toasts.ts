import { html, nothing } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { ConsoleElement } from './element.ts'
import { Value } from './value.ts'

const SHOWN_MS = 6000
/** The oldest makes room. */
const MAX_TOASTS = 4

type Toast = { readonly id: number; readonly text: string; readonly kind: 'done' | 'failed' }

const toasts = new Value<readonly Toast[]>([])
let count = 0

/** Says something in passing, at the edge of the page. */
export function toast(text: string, kind: Toast['kind'] = 'done'): void {
  const id = ++count
  toasts.set([...toasts.now, { id, text, kind }].slice(-MAX_TOASTS))
  setTimeout(() => dismiss(id), SHOWN_MS)
}

const dismiss = (id: number): void => toasts.set(toasts.now.filter((each) => each.id !== id))

class Toasts extends ConsoleElement {
  constructor() {
    super()
    this.show(toasts)
  }

  protected override render() {
    return html`<div class="toasts" role="status">
      ${repeat(
        toasts.now,
        ({ id }) => id,
        ({ id, text, kind }) =>
          html`<p class="toast" data-kind=${kind}>
            ${text}<button class="icon" aria-label="Dismiss" @click=${() => dismiss(id)}>×</button>
          </p>`
      )}${nothing}
    </div>`
  }
}

customElements.define('qw-toasts', Toasts)
