import { Connection, type ConnectionOptions, type Limits } from './connection.ts'
import type { ConnectionState } from './contract.ts'
import type { QuotewireError } from './error.ts'
import { subjectOf, type Frame, type MarketFrame, type StreamName } from './events.ts'
import { StreamBook, type Receiver } from './stream-book.ts'

/** Frames a second that are left for what answers the server. */
const SPARE_FRAMES = 2
const WINDOW_MS = 1000

const OPEN = { type: 'connection', data: { state: 'open' } } as const

export type Wish = { readonly stream: StreamName; readonly names: Iterable<string>; readonly since?: string }

/**
 * What several subscriptions want, over one connection. One frame after the other is sent, each when the one before was
 * answered: what is wanted meanwhile goes together, and the server's limits are kept.
 */
export class Live {
  readonly #connection: Connection
  readonly #books = new Map<StreamName, StreamBook>()
  readonly #receivers = new Set<Receiver>()
  /** For the whole connection, so that it is part of every subscription. */
  readonly #delivery: object
  #limits: Limits | undefined
  #id = 0
  /** Frames that were sent since then. */
  #sent = { since: -Infinity, count: 0 }
  #isPaused = false
  #isScheduled = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: Omit<ConnectionOptions, 'handlers'>, conflateMs: number) {
    this.#delivery = { batch: true, conflateMs }
    const handlers = {
      opened: (limits: Limits) => this.#opened(limits),
      frame: (frame: Frame) => this.#read(frame),
      lost: (state: ConnectionState) => this.#lost(state),
      ended: (error: QuotewireError) => this.#ended(error)
    }
    this.#connection = new Connection({ ...options, handlers })
  }

  want(receiver: Receiver, { stream, names, since }: Wish): void {
    const book = this.#books.get(stream) ?? new StreamBook(stream)
    this.#books.set(stream, book)
    if (!this.#receivers.has(receiver)) this.#join(receiver)
    book.want(names, receiver, since)
    this.#soon()
  }

  release(receiver: Receiver, { stream, names }: Wish): void {
    this.#books.get(stream)?.release(names, receiver)
    this.#soon()
  }

  /** The receiver wants nothing any more. Where it was the last one, the connection ends. */
  leave(receiver: Receiver): void {
    if (!this.#receivers.delete(receiver)) return
    for (const book of this.#books.values()) book.releaseAll(receiver)
    this.#soon()
  }

  /** Ends the connection until the reader has room again: the server keeps what comes meanwhile. */
  pause(reason: string): void {
    this.#isPaused = true
    this.#connection.close()
    this.#lost({ state: 'lost', reason })
  }

  resume(): void {
    this.#isPaused = false
    this.#soon()
  }

  #join(receiver: Receiver): void {
    this.#receivers.add(receiver)
    if (!this.#connection.isOpen) return
    // Behind what the receiver does with the subscription that it is about to get.
    queueMicrotask(() => {
      if (this.#connection.isOpen && this.#receivers.has(receiver)) receiver.event(OPEN)
    })
  }

  /** What is wanted and left in one go is one frame. */
  #soon(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      this.#step()
    })
  }

  #step(): void {
    clearTimeout(this.#timer)
    if (this.#receivers.size === 0) return this.#close()
    if (this.#isPaused) return
    this.#connection.open()
    const books = [...this.#books.values()]
    if (!this.#connection.isOpen || books.some(({ isWaiting }) => isWaiting)) return
    const now = performance.now()
    const waitMs = this.#waitMs(now)
    if (waitMs > 0) return this.#later(waitMs)
    for (const book of books) {
      const frame = book.next(++this.#id, this.#limits!, now)
      if (frame) return this.#send(frame as { type: string; data: object })
    }
    const dueAt = Math.min(...books.map((book) => book.dueAt))
    if (dueAt < Infinity) this.#later(dueAt - now)
  }

  #send(frame: { type: string; data: object }): void {
    this.#sent.count++
    this.#connection.send(frame.type === 'subscribe' ? { ...frame, data: { ...frame.data, ...this.#delivery } } : frame)
  }

  #later(ms: number): void {
    this.#timer = setTimeout(() => this.#step(), Math.max(ms, 1))
  }

  /** Until one more frame may be sent, milliseconds. */
  #waitMs(now: number): number {
    if (now - this.#sent.since >= WINDOW_MS) this.#sent = { since: now, count: 0 }
    const most = Math.max(1, this.#limits!.framesPerSecond - SPARE_FRAMES)
    return this.#sent.count < most ? 0 : this.#sent.since + WINDOW_MS - now
  }

  #opened(limits: Limits): void {
    this.#limits = limits
    this.#sent = { since: -Infinity, count: 0 }
    for (const receiver of this.#receivers) receiver.event(OPEN)
    this.#step()
  }

  #read(frame: Frame): void {
    const subject = subjectOf(frame)
    if (subject) return this.#books.get(subject.stream)?.readEvent(subject.name, frame as MarketFrame)
    if (frame.type === 'notice' || (frame.type === 'error' && frame.id === undefined)) {
      for (const receiver of this.#receivers) receiver.event(frame)
      return
    }
    const { stream = 'channels' } = (frame.data ?? {}) as { stream?: StreamName }
    const books = frame.type === 'error' ? [...this.#books.values()] : [this.#books.get(stream)]
    for (const book of books) book?.read(frame, performance.now())
    this.#step()
  }

  #lost(state: ConnectionState): void {
    clearTimeout(this.#timer)
    for (const book of this.#books.values()) book.lost()
    for (const receiver of this.#receivers) receiver.event({ type: 'connection', data: state })
  }

  #ended(error: QuotewireError): void {
    const receivers = [...this.#receivers]
    this.#receivers.clear()
    this.#close()
    for (const receiver of receivers) receiver.ended(error)
  }

  #close(): void {
    this.#connection.close()
    this.#books.clear()
    this.#isPaused = false
  }
}
