import type { Connection } from './connection.ts'
import type { LiveContext } from './context.ts'
import type { Failure } from './protocol.ts'
import { Refused } from './refusals.ts'

/** Frames of one client that wait while an earlier one is worked on, or until it takes what it was sent. */
const MAX_WAITING_FRAMES = 64
const DONE = Promise.resolve()

export type ClientWorkOptions = {
  /** The client's. */
  readonly id: string
  readonly connection: Pick<Connection, 'isOpen' | 'drained'>
  readonly context: Pick<LiveContext, 'serialQueue' | 'log'>
}

/** What is done for one client, one after the other, at the pace at which it takes its answers. */
export class ClientWork {
  readonly #id: string
  readonly #connection: ClientWorkOptions['connection']
  readonly #context: ClientWorkOptions['context']
  #last = DONE
  #waiting = 0

  constructor({ id, connection, context }: ClientWorkOptions) {
    this.#id = id
    this.#connection = connection
    this.#context = context
  }

  /** As much waits as may. */
  get isFull(): boolean {
    return this.#waiting >= MAX_WAITING_FRAMES
  }

  /**
   * Does work after all that was begun before, unless the client is gone by then. Resolves when it is done; where it throws,
   * `refuse` is told.
   */
  do(work: () => Promise<void>, refuse: (failure: Failure) => void): Promise<void> {
    this.#waiting++
    this.#last = this.#inTurn(this.#last, work, refuse)
    return this.#last
  }

  /** Counts work that does not wait for its turn. */
  async beside(work: Promise<void>): Promise<void> {
    this.#waiting++
    await work
    this.#waiting--
  }

  /** Does the last work, when the client is gone. */
  finish(work: () => Promise<void>): void {
    this.#last = this.#last.then(work)
  }

  async #inTurn(before: Promise<void>, work: () => Promise<void>, refuse: (failure: Failure) => void): Promise<void> {
    await before
    try {
      await this.#connection.drained()
      await this.#context.serialQueue.next()
      if (this.#connection.isOpen) await work()
    } catch (err) {
      this.#context.log.error({ err, connection: this.#id }, 'a frame could not be served')
      refuse(Refused.failed)
    }
    // An idle client keeps no promise.
    if (--this.#waiting === 0) this.#last = DONE
  }
}
