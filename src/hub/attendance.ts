/**
 * While nobody is connected, entries wait so long to be read together: a read costs as much for one as for many, and a
 * stream brings a thousand a second.
 */
const UNATTENDED_READ_MS = 20

/** Whether somebody is connected, who may ask for topics. */
export class Attendance {
  #attendants = 0
  #wake = () => {}

  /** Somebody is connected, until they leave. */
  attend(): void {
    this.#attendants++
    this.#wake()
  }

  /** Somebody who attended is gone. */
  leave(): void {
    this.#attendants--
  }

  /** Resolves at once while somebody is connected; else a little later. */
  async pause(): Promise<void> {
    if (this.#attendants > 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, UNATTENDED_READ_MS)
    this.#wake = resolve
    await promise
    clearTimeout(timer)
  }

  /** Ends a pause. */
  end(): void {
    this.#wake()
  }
}
