/** How long each step gets before the next one. A mute feed is left about ten seconds after its last event. */
const PROBE_MS = 2000
const RESUBSCRIBE_MS = 3000

export type RecoveryStep = { readonly step: 'probe' | 'resubscribe' | 'reconnect'; readonly text: string }

/** The dearer remedy comes after the cheaper one: a ping, the canary's subscription anew, another connection. */
const STEPS: readonly (RecoveryStep & { readonly afterMs: number })[] = [
  { step: 'probe', afterMs: 0, text: 'asks the vendor for a sign of life' },
  { step: 'resubscribe', afterMs: PROBE_MS, text: 'the connection answers; subscribes again' },
  { step: 'reconnect', afterMs: PROBE_MS + RESUBSCRIBE_MS, text: 'connects anew' }
]

/** What to do about a feed that is mute, step by step. */
export class Recovery {
  readonly #begunAt: number
  #next = 0

  /** `begunAt` in milliseconds of a steady clock. */
  constructor(begunAt: number) {
    this.#begunAt = begunAt
  }

  /** The step that is due; undefined while the one before may still help. */
  next(elapsed: number): RecoveryStep | undefined {
    const step = STEPS[this.#next]
    if (!step || elapsed - this.#begunAt < step.afterMs) return undefined
    this.#next++
    return step
  }
}
