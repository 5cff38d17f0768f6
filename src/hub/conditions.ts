/** Those who wait for something to become true. */
export class Conditions {
  readonly #waiting = new Set<() => void>()

  /** Resolves as soon as a condition holds; false where that takes too long. */
  async until(holds: () => boolean, timeoutMs: number): Promise<boolean> {
    if (holds()) return true
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const check = () => holds() && resolve(true)
    const timer = setTimeout(() => resolve(false), timeoutMs)
    this.#waiting.add(check)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(check)
    }
  }

  /** To be called when something has changed. */
  check(): void {
    for (const check of this.#waiting) check()
  }
}
