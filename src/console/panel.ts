import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit'
import type { Provenance } from '../client/client.ts'
import { agoText, everySecond } from './ages.ts'
import { isPassing, wordsFor } from './api.ts'
import { ConsoleElement } from './element.ts'
import { provenanceOf } from './provenance.ts'
import { emptyState, problemOf, skeleton } from './states.ts'

const SKELETON_LINES = 4
/** Nobody should look longer at what is not there yet: then it is said that it does not come. */
const PATIENCE_MS = 8000
/** What failed is asked for again so often, unless it was refused. */
const RETRY_MS = 15_000

/** What a request of a panel is bound by. */
export type Within = { readonly signal: AbortSignal; readonly timeoutMs: number }

/**
 * A part of a page that asks the server for something of its own: what it waits for, that there is nothing, and why it could
 * not be had are shown in it alone. What was there before stays, marked, where a newer answer does not come.
 */
export abstract class Panel<Answer> extends ConsoleElement {
  static override properties: PropertyDeclarations = {
    subject: { attribute: false },
    answer: { state: true },
    problem: { state: true }
  }
  /** What it asks about, as a symbol; it asks anew when that changes. */
  declare subject: string
  declare answer: Answer | undefined
  declare problem: unknown
  #asking: AbortController | undefined
  #timer: ReturnType<typeof setInterval> | undefined
  #retry: ReturnType<typeof setTimeout> | undefined
  #isAsking = false
  #answeredAt = 0

  protected abstract readonly heading: string
  /** How often it asks again while somebody looks; 0: only when it is told to. */
  protected readonly renewMs: number = 0

  constructor() {
    super()
    this.subject = ''
    this.show(everySecond)
  }

  protected abstract ask(within: Within): Promise<Answer>
  protected abstract body(answer: Answer): TemplateResult
  /** In place of the body, where there is nothing in the answer. */
  protected nothingIn(_answer: Answer): string | undefined {
    return undefined
  }
  protected provenance(_answer: Answer): Provenance | undefined {
    return undefined
  }
  /** Beside the heading, whatever there is to show. */
  protected controls(): TemplateResult | typeof nothing {
    return nothing
  }
  /** Beside the heading, of the answer. */
  protected tools(_answer: Answer): TemplateResult | typeof nothing {
    return nothing
  }

  override connectedCallback(): void {
    super.connectedCallback()
    if (this.renewMs > 0) this.#timer = setInterval(this.#renew, this.renewMs)
    if (this.hasUpdated) void this.load()
  }

  override disconnectedCallback(): void {
    clearInterval(this.#timer)
    clearTimeout(this.#retry)
    this.#asking?.abort()
    super.disconnectedCallback()
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('subject')) return
    this.answer = undefined
    this.problem = undefined
    void this.load()
  }

  /** An answer that takes longer than that is waited for. */
  readonly #renew = (): void => {
    if (!document.hidden && !this.#isAsking) void this.load()
  }

  /** Asks now. The one that is asking already is given up. */
  async load(): Promise<void> {
    this.#asking?.abort()
    clearTimeout(this.#retry)
    const { signal } = (this.#asking = new AbortController())
    this.#isAsking = true
    try {
      const answer = await this.ask({ signal, timeoutMs: PATIENCE_MS })
      if (signal.aborted) return
      this.#answeredAt = Date.now()
      this.answer = answer
      this.problem = undefined
    } catch (error) {
      if (signal.aborted) return
      this.problem = error
      if (this.renewMs === 0 && isPassing(error)) this.#retry = setTimeout(() => void this.load(), RETRY_MS)
    } finally {
      if (!signal.aborted) this.#isAsking = false
    }
  }

  protected override render() {
    const { answer } = this
    return html`<section class="panel" aria-label=${this.heading}>
      <header>
        <h2>${this.heading}</h2>
        ${this.controls()}
        <span class="spring"></span>
        ${answer === undefined ? nothing : this.tools(answer)} ${answer === undefined ? nothing : this.#age(answer)}
      </header>
      ${this.#content()}
    </section>`
  }

  #content() {
    const { answer, problem } = this
    const retry = () => void this.load()
    if (answer === undefined) {
      if (problem === undefined) return skeleton(SKELETON_LINES)
      return emptyState(problemOf(problem, `${this.heading} cannot be shown`), retry)
    }
    const nothingThere = this.nothingIn(answer)
    return nothingThere === undefined ? this.body(answer) : html`<p class="nothing">${nothingThere}</p>`
  }

  #age(answer: Answer) {
    const provenance = this.provenance(answer)
    const old = html`<span class="quiet">${agoText(Date.now() - this.#answeredAt)}</span>`
    return html`${
      this.problem === undefined
        ? nothing
        : html`<span class="chip" data-state="stale" title=${wordsFor(this.problem)}>not renewed</span>`
    }
    ${provenance ? provenanceOf(provenance) : this.renewMs > 0 ? old : nothing}`
  }
}
