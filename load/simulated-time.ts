const RealDate = Date

/**
 * A clock for the whole process that runs with the real one and can be moved ahead, so that minutes of waiting pass in no
 * time while work takes as long as it takes. Only dates are simulated; timers are not.
 */
export class SimulatedTime {
  #aheadMs = 0

  get now(): number {
    return Math.floor(RealDate.now() + this.#aheadMs)
  }

  skip(ms: number): void {
    this.#aheadMs += ms
  }

  /** Makes this the process's time, for everything that is loaded or made from now on. */
  install(): void {
    const now = () => this.now
    globalThis.Date = class extends RealDate {
      constructor(...given: [] | [number | string | Date]) {
        super(given.length === 0 ? now() : given[0])
      }

      static override now(): number {
        return now()
      }
    } as DateConstructor
  }
}
