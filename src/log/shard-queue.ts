import { setImmediate as endOfTurn, setTimeout as delay } from 'node:timers/promises'
import type { MarketEvent } from '../market/event.ts'
import { EntryBuilder, type BuilderMark } from './entry-builder.ts'
import type { LogProducer } from './source.ts'
import type { WrittenTopic } from './topic-name.ts'

/** So much travels together at most: answers come no oftener than the event loop turns. */
const MAX_FLIGHT_BYTES = 1024 * 1024
const RETRY_MS = 200
const TRIM_EVERY_MS = 1000
/** Builders that are kept for later entries. */
const MAX_SPARE = 16

/** Events that became one entry. */
type Sealed = { readonly builder: EntryBuilder; readonly bytes: number; readonly count: number }
type DueHeartbeat = { readonly isLast: boolean }

export type QueueListener = {
  /** A write failed. Whether it shall be tried again. */
  failed(shard: number, error: unknown): boolean
  written(shard: number): void
  /** Bytes that waited are waiting no more: their events are in the log, or may not be. */
  settled(bytes: number, events: number, isWritten: boolean): void
}

export type ShardQueueOptions = {
  readonly producer: LogProducer
  readonly shard: number
  readonly listener: QueueListener
}

/** A place in a queue, to go back to. */
export type QueueMark = { readonly sealed: number; readonly builder: BuilderMark }

/**
 * What waits to be written into one shard, encoded already. While entries are on their way to the log, the next events gather
 * in others.
 */
export class ShardQueue {
  readonly #options: ShardQueueOptions
  readonly #sealed: Sealed[] = []
  readonly #spare: EntryBuilder[] = []
  #open = new EntryBuilder()
  #heartbeat: DueHeartbeat | undefined
  /** The epoch in which the newest heartbeat was due. */
  #beatIn: string | undefined
  #work: Promise<void> | undefined
  #trimming: Promise<void> | undefined
  #trimmedAt = -Infinity
  #hasWritten = false

  constructor(options: ShardQueueOptions) {
    this.#options = options
  }

  get mark(): QueueMark {
    return { sealed: this.#sealed.length, builder: this.#open.mark }
  }

  /** Encodes an event behind all others. Throws RangeError for an impossible size; then the caller goes back to a mark. */
  add(event: MarketEvent, topic: WrittenTopic): void {
    this.#open.add(event, topic)
    if (this.#open.isFull) this.#seal()
  }

  /** Takes back the events that were added since a mark, of this turn of the event loop. */
  backTo({ sealed, builder }: QueueMark): void {
    const later = this.#sealed.splice(sealed).map((each) => each.builder)
    const [was = this.#open, ...others] = later
    for (const each of was === this.#open ? [] : [...others, this.#open]) this.#reuse(each)
    this.#open = was
    was.backTo(builder)
  }

  /** What was added since a mark: how many bytes, and what resolves when the log holds them. */
  since({ sealed, builder }: QueueMark): { bytes: number; written: readonly Promise<void>[] } {
    const entries = this.#sealed.slice(sealed)
    const open = this.#open.count > (entries.length > 0 ? 0 : builder.count) ? this.#open : undefined
    const builders = [...entries.map((each) => each.builder), ...(open ? [open] : [])]
    const bytes = entries.reduce((sum, each) => sum + each.bytes, this.#open.bytes) - builder.bytes
    if (builders.length > 0) this.#work ??= this.#run()
    return { bytes, written: builders.map(({ written }) => written.promise) }
  }

  /** Writes a heartbeat behind what waits, where none was written in this life of the log. */
  beatIn(epoch: string): void {
    if (!this.#hasWritten || epoch === this.#beatIn) return
    this.#beatIn = epoch
    this.#beat({ isLast: false })
  }

  /** Writes the heartbeat behind which nothing comes. */
  beatLast(): void {
    if (this.#hasWritten) this.#beat({ isLast: true })
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    await this.#work
    await this.#trimming
  }

  #beat(heartbeat: DueHeartbeat): void {
    this.#heartbeat = heartbeat
    this.#work ??= this.#run()
  }

  #seal(): void {
    const builder = this.#open
    this.#sealed.push({ builder, bytes: builder.bytes, count: builder.count })
    this.#open = this.#spare.pop() ?? new EntryBuilder()
  }

  #reuse(builder: EntryBuilder): void {
    builder.clear()
    if (this.#spare.length < MAX_SPARE) this.#spare.push(builder)
  }

  async #run(): Promise<void> {
    await endOfTurn() // for what is appended in one turn to travel together
    for (;;) {
      if (this.#open.count > 0) this.#seal()
      if (this.#sealed.length > 0) await this.#fly(this.#takeFlight())
      else if (this.#heartbeat) await this.#flyHeartbeat(this.#heartbeat)
      else break
    }
    this.#work = undefined
  }

  /** One entry at least. */
  #takeFlight(): Sealed[] {
    let bytes = 0
    let count = 0
    for (const each of this.#sealed) {
      bytes += each.bytes
      if (count > 0 && bytes > MAX_FLIGHT_BYTES) break
      count++
    }
    return this.#sealed.splice(0, count)
  }

  async #fly(flight: readonly Sealed[]): Promise<void> {
    const waiting = flight.map(({ builder, bytes, count }) => ({ bytes, count, written: builder.written }))
    const entries = flight.map(({ builder }) => builder.finish())
    for (const { builder } of flight) this.#reuse(builder)
    const { listener } = this.#options
    try {
      await this.#write(entries)
      this.#trim()
      for (const { bytes, count, written } of waiting) {
        listener.settled(bytes, count, true)
        written.resolve()
      }
    } catch (error) {
      for (const { bytes, count, written } of waiting) {
        listener.settled(bytes, count, false)
        written.reject(error)
      }
    }
  }

  async #flyHeartbeat({ isLast }: DueHeartbeat): Promise<void> {
    this.#heartbeat = undefined
    const { producer, shard } = this.#options
    const entries = [producer.heartbeat(shard, isLast)]
    // The last one is worth no waiting for a server that is away.
    const written = isLast ? producer.write(shard, entries) : this.#write(entries)
    await written.catch(() => undefined)
  }

  async #write(entries: readonly Buffer[]): Promise<void> {
    const { shard, listener, producer } = this.#options
    for (;;) {
      try {
        await producer.write(shard, entries)
        this.#hasWritten = true
        return listener.written(shard)
      } catch (error) {
        if (!listener.failed(shard, error)) throw error
        await delay(RETRY_MS)
      }
    }
  }

  #trim(): void {
    if (this.#trimming || performance.now() - this.#trimmedAt < TRIM_EVERY_MS) return
    this.#trimmedAt = performance.now()
    const { producer, shard } = this.#options
    this.#trimming = producer
      .trim?.(shard)
      .catch(() => undefined) // the next write tries again
      .finally(() => (this.#trimming = undefined))
  }
}
