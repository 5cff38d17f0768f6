import type { EventStream, StreamEvent, SubscribeOptions } from './contract.ts'
import type { QuotewireError } from './error.ts'
import type { Live } from './live.ts'
import { Following } from './subscription.ts'

/**
 * Events that wait for a loop that is slow. Where there are more, the connection is ended; when half of them are read, it goes
 * on from where it was: the log of the server keeps what came meanwhile, as long as it keeps anything.
 */
const MAX_WAITING = 10_000

type Result = IteratorResult<StreamEvent, undefined>

/** The events of one subscription, kept until they are read. It connects with the first `next`. */
export class EventQueue implements EventStream {
  readonly #live: Live
  readonly #options: SubscribeOptions
  #following: Following | undefined
  #waiting: StreamEvent[] = []
  /** How many of them were read. */
  #read = 0
  readonly #readers: PromiseWithResolvers<Result>[] = []
  #isPaused = false
  #hasEnded = false
  #error: QuotewireError | undefined

  constructor(live: Live, options: SubscribeOptions) {
    this.#live = live
    this.#options = options
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<Result> {
    this.#connect()
    const event = this.#waiting[this.#read]
    if (event) {
      this.#read++
      this.#makeRoom()
      return { done: false, value: event }
    }
    if (this.#error) {
      const error = this.#error
      this.#error = undefined
      throw error
    }
    if (this.#hasEnded) return { done: true, value: undefined }
    const reader = Promise.withResolvers<Result>()
    this.#readers.push(reader)
    return reader.promise
  }

  async return(): Promise<Result> {
    this.close()
    return { done: true, value: undefined }
  }

  add(names: readonly string[]): void {
    this.#connect()?.add(names)
  }

  remove(names: readonly string[]): void {
    this.#connect()?.remove(names)
  }

  /** What waits to be read is dropped. */
  close(): void {
    this.#hasEnded = true
    this.#waiting = []
    this.#read = 0
    this.#following?.close()
    this.#tellEnd()
  }

  #connect(): Following | undefined {
    if (this.#hasEnded) return this.#following
    return (this.#following ??= new Following(
      this.#live,
      this.#options,
      (event) => this.#take(event),
      (error) => this.#end(error)
    ))
  }

  #take(event: StreamEvent): void {
    const reader = this.#readers.shift()
    if (reader) return reader.resolve({ done: false, value: event })
    this.#waiting.push(event)
    if (this.#waiting.length - this.#read < MAX_WAITING || this.#isPaused) return
    this.#isPaused = true
    this.#live.pause(`${MAX_WAITING} events wait to be read`)
  }

  #makeRoom(): void {
    const left = this.#waiting.length - this.#read
    if (left === 0 || this.#read >= MAX_WAITING) {
      this.#waiting = this.#waiting.slice(this.#read)
      this.#read = 0
    }
    if (!this.#isPaused || left > MAX_WAITING / 2) return
    this.#isPaused = false
    this.#live.resume()
  }

  /** Of an error the loop hears behind what came before it; by a signal it ends at once. */
  #end(error: QuotewireError | undefined): void {
    if (this.#hasEnded) return
    if (!error) return this.close()
    this.#hasEnded = true
    const reader = this.#readers.shift()
    if (reader) reader.reject(error)
    else this.#error = error
    this.#tellEnd()
  }

  #tellEnd(): void {
    for (const reader of this.#readers.splice(0)) reader.resolve({ done: true, value: undefined })
  }
}
