import type { StreamEvent, SubscribeOptions, Subscription } from './contract.ts'
import type { QuotewireError } from './error.ts'
import type { StreamName } from './events.ts'
import type { Live } from './live.ts'
import type { Receiver } from './stream-book.ts'

/** One receiver's wishes, and what is told to it until it ends. */
export class Following implements Receiver, Subscription {
  readonly #live: Live
  readonly #stream: StreamName
  readonly #onEvent: (event: StreamEvent) => void
  readonly #onEnded: (error: QuotewireError | undefined) => void
  readonly #signal: AbortSignal | undefined
  #hasEnded = false

  constructor(
    live: Live,
    { symbols, channels, stream = 'quotes', since, signal }: SubscribeOptions,
    onEvent: (event: StreamEvent) => void,
    onEnded: (error: QuotewireError | undefined) => void
  ) {
    this.#live = live
    this.#stream = symbols ? stream : 'channels'
    this.#onEvent = onEvent
    this.#onEnded = onEnded
    this.#signal = signal
    signal?.addEventListener('abort', this.close)
    if (signal?.aborted) this.close()
    else live.want(this, { stream: this.#stream, names: symbols ?? channels, since })
  }

  add(names: readonly string[]): void {
    if (!this.#hasEnded) this.#live.want(this, { stream: this.#stream, names })
  }

  remove(names: readonly string[]): void {
    if (!this.#hasEnded) this.#live.release(this, { stream: this.#stream, names })
  }

  readonly close = (): void => this.#end(undefined)

  event(event: StreamEvent): void {
    if (!this.#hasEnded) this.#onEvent(event)
  }

  ended(error: QuotewireError): void {
    this.#end(error)
  }

  #end(error: QuotewireError | undefined): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#signal?.removeEventListener('abort', this.close)
    this.#live.leave(this)
    this.#onEnded(error)
  }
}

/** What a callback throws is nobody's but its owner's: it must not stop what others are told. */
export function guarded<Value>(callback: ((value: Value) => void) | undefined): (value: Value) => void {
  return (value) => {
    try {
      callback?.(value)
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }
}
