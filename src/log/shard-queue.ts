import { setTimeout as delay } from 'node:timers/promises'
import { joinEntry, MAX_ENTRY_BYTES, type Piece } from './entry.ts'
import type { Producer } from './producer.ts'
import { ShardWriter } from './shard-writer.ts'

/** So much travels together at most: answers come no oftener than the event loop turns. */
const MAX_FLIGHT_BYTES = 1024 * 1024
const RETRY_MS = 200
const TRIM_EVERY_MS = 1000

type Waiting = { readonly piece: Piece; readonly appendedAt: number; readonly done: PromiseWithResolvers<void> }

export type LaneOptions = {
  readonly producer: Producer
  readonly shard: number
  readonly retentionMs: number
  readonly maxBytes: number
  /** A write failed. Whether it shall be tried again. */
  readonly failed: (shard: number, error: unknown) => boolean
  readonly written: (shard: number) => void
}

/** What waits to be written into one shard. While entries are on their way to Redis, the next ones gather. */
export class ShardQueue {
  readonly #options: LaneOptions
  readonly #writer: ShardWriter
  readonly #waiting: Waiting[] = []
  #work: Promise<void> | undefined
  #trimming: Promise<void> | undefined
  #trimmedAt = -Infinity

  constructor(options: LaneOptions) {
    this.#options = options
    this.#writer = new ShardWriter(options.producer, options.shard)
  }

  /** Resolves when the log holds the piece; rejects when it may not. `appendedAt` in epoch ms, with fractions. */
  add(piece: Piece, appendedAt: number): Promise<void> {
    const done = Promise.withResolvers<void>()
    this.#waiting.push({ piece, appendedAt, done })
    this.#work ??= this.#run()
    return done.promise
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    await this.#work
    await this.#trimming
  }

  async #run(): Promise<void> {
    await Promise.resolve() // for what is added at once to travel together
    while (this.#waiting.length > 0) {
      const flight = this.#takeFlight()
      try {
        await this.#write(entriesOf(flight))
        this.#trim()
        for (const { done } of flight) done.resolve()
      } catch (error) {
        for (const { done } of flight) done.reject(error)
      }
    }
    this.#work = undefined
  }

  /** One piece at least. */
  #takeFlight(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const { piece } of this.#waiting) {
      bytes += piece.bytes.length
      if (count > 0 && bytes > MAX_FLIGHT_BYTES) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #write(entries: readonly Buffer[]): Promise<void> {
    const { shard, failed, written } = this.#options
    for (;;) {
      try {
        await this.#writer.write(entries)
        return written(shard)
      } catch (error) {
        if (!failed(shard, error)) throw error
        await delay(RETRY_MS)
      }
    }
  }

  #trim(): void {
    if (this.#trimming || performance.now() - this.#trimmedAt < TRIM_EVERY_MS) return
    this.#trimmedAt = performance.now()
    const { producer, shard, retentionMs, maxBytes } = this.#options
    this.#trimming = producer.source
      .trim(shard, retentionMs, maxBytes)
      .catch(() => undefined) // the next write tries again
      .finally(() => (this.#trimming = undefined))
  }
}

/** Joins as many pieces into an entry as fit; one at least. */
function entriesOf(flight: readonly Waiting[]): Buffer[] {
  const entries: Buffer[] = []
  let from = 0
  let bytes = 0
  for (const [at, { piece }] of flight.entries()) {
    if (at > from && bytes + piece.bytes.length > MAX_ENTRY_BYTES) {
      entries.push(joinWaiting(flight.slice(from, at)))
      from = at
      bytes = 0
    }
    bytes += piece.bytes.length
  }
  entries.push(joinWaiting(flight.slice(from)))
  return entries
}

const joinWaiting = (together: readonly Waiting[]) =>
  joinEntry(
    together.map(({ piece }) => piece),
    together[0]!.appendedAt
  )
