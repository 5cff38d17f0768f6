import type { Topic } from '../hub/topic.ts'
import type { Dialect } from './dialect.ts'
import type { Peer } from './peer.ts'
import type { Update } from './update.ts'

/** Events for one client that its connection has not taken yet; above it the client gets only the newest per symbol. */
const MAX_WAITING_EVENTS = 256
/** With what it is told of its requests meanwhile; above it the client is closed. */
const MAX_WAITING_MESSAGES = 512

/** What all clients of the bridge did since the start of the process. */
export type Counts = { messages: number; conflated: number }

export type OutboxOptions = {
  readonly peer: Pick<Peer, 'tell' | 'cut'>
  readonly dialect: Dialect
  readonly counts: Counts
}

/** What one client is told, at the pace at which its connection takes it. */
export class Outbox {
  readonly #options: OutboxOptions
  /** Values that it was not told because newer ones came before it could take them. */
  conflated = 0
  readonly #missed = new Map<Topic, Update>()
  /** Messages since the connection last took all that there were. */
  #waiting = 0
  /** Of what it asked for; the next request is worked on when the connection took them. */
  #answersWaiting = 0
  #taken = Promise.withResolvers<void>()

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** Waits until the client took what it was answered. */
  async answersTaken(): Promise<void> {
    if (this.#answersWaiting > 0) await this.#taken.promise
  }

  take(update: Update): void {
    if (this.#waiting < MAX_WAITING_EVENTS) return this.#tell(update)
    if (this.#missed.has(update.topic)) {
      this.#options.counts.conflated++
      this.conflated++
    }
    this.#missed.set(update.topic, update)
  }

  /** The client is not told of these any more. */
  forget(topics: readonly Topic[]): void {
    for (const topic of topics) this.#missed.delete(topic)
  }

  send(event: string, payload: object): void {
    const { peer, counts } = this.#options
    this.#waiting++
    counts.messages++
    peer.tell(event, payload)
    // Without waiting for what it does not take.
    if (this.#waiting > MAX_WAITING_MESSAGES) peer.cut()
  }

  /** Clients may ask for an answer by a callback. */
  answer(answer: unknown, data: object): void {
    if (typeof answer !== 'function') return
    this.#waiting++
    this.#answersWaiting++
    ;(answer as (data: object) => void)(data)
  }

  /** Tells what became of a request. */
  sendError(what: object): void {
    this.#answersWaiting++
    this.send('error', what)
  }

  close(): void {
    this.#missed.clear()
    this.#taken.resolve()
  }

  #tell(update: Update): void {
    for (const [event, payload] of this.#options.dialect.messagesOf(update)) this.send(event, payload)
  }

  /** The connection took all that there was: tells what was missed, as far as it can be taken. */
  taken(): void {
    this.#waiting = 0
    this.#answersWaiting = 0
    this.#taken.resolve()
    this.#taken = Promise.withResolvers()
    for (const [topic, update] of this.#missed) {
      if (this.#waiting >= MAX_WAITING_EVENTS) return
      this.#missed.delete(topic)
      this.#tell(update)
    }
  }
}
