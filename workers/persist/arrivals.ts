import type { Batch, Following } from '../../src/log/batch.ts'

/** Reads a log one batch ahead, so that whoever waits for the next one can give up waiting and come back. */
export class Arrivals {
  readonly #following: Following
  #arrived: IteratorResult<Batch, undefined> | undefined
  #wake = () => {}

  constructor(following: Following) {
    this.#following = following
    void this.#read()
  }

  get isConnected(): boolean {
    return this.#following.isConnected
  }

  /** The next batch; `done` at the end; undefined where none came in time. Calls must not overlap. */
  async next(timeoutMs: number): Promise<IteratorResult<Batch, undefined> | undefined> {
    if (!this.#arrived && timeoutMs > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    const arrived = this.#arrived
    if (arrived && !arrived.done) {
      this.#arrived = undefined
      void this.#read()
    }
    return arrived
  }

  async #read(): Promise<void> {
    this.#arrived = await this.#following.next()
    this.#wake()
  }
}
