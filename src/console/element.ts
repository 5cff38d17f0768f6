import { LitElement, type ReactiveController } from 'lit'
import type { Value } from './value.ts'

/**
 * What all elements of the console are made of. They render into the page itself, not into a shadow: the styles are those of
 * the page, and labels, headings and links count as one document.
 */
export class ConsoleElement extends LitElement {
  /** Renders again when one of the values changes, while the element is on the page. */
  protected show(...values: readonly Pick<Value<unknown>, 'listen'>[]): void {
    this.addController(new Watching(this, values))
  }

  protected override createRenderRoot(): HTMLElement {
    return this
  }
}

class Watching implements ReactiveController {
  readonly #host: LitElement
  readonly #values: readonly Pick<Value<unknown>, 'listen'>[]
  #stops: (() => void)[] = []

  constructor(host: LitElement, values: readonly Pick<Value<unknown>, 'listen'>[]) {
    this.#host = host
    this.#values = values
  }

  hostConnected(): void {
    const update = () => this.#host.requestUpdate()
    this.#stops = this.#values.map((value) => value.listen(update))
  }

  hostDisconnected(): void {
    for (const stop of this.#stops) stop()
  }
}
