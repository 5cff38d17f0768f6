/** Beginning work on clients' frames takes about so much of a turn of the event loop. */
const SLICE_MS = 5
const MAX_PER_TURN = 64

/**
 * Lets work begin, first come first served, a slice of it in each turn of the event loop: when a thousand clients come back
 * in one moment, deliveries and REST requests go on in between.
 */
export class SerialQueue {
  readonly #waiting: (() => void)[] = []
  #isScheduled = false
  #sliceEndsAt = 0

  /** Resolves when the caller may begin. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      if (!this.#isScheduled) this.#schedule()
    })
  }

  /** One immediate for each that may begin: between two of them Node does what the first one has promised. */
  #schedule(): void {
    this.#isScheduled = true
    const last = Math.min(this.#waiting.length, MAX_PER_TURN) - 1
    for (let at = 0; at <= last; at++) setImmediate(this.#letBegin, at === 0, at === last)
  }

  readonly #letBegin = (isFirst: boolean, isLast: boolean): void => {
    const now = performance.now()
    if (isFirst) this.#sliceEndsAt = now + SLICE_MS
    if (now < this.#sliceEndsAt) this.#waiting.shift()?.()
    if (!isLast) return
    if (this.#waiting.length > 0) this.#schedule()
    else this.#isScheduled = false
  }
}
