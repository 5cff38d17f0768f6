import { setTimeout as delay } from 'node:timers/promises'
import { MAX_ENTRY_BYTES, packEntries } from './entry.ts'
import type { Producer } from './producer.ts'
import { ShardWriter } from './shard-writer.ts'
import type { StreamId } from './source.ts'

const RETRY_MS = 200
const TRIM_EVERY_MS = 1000

/** What one turn of the event loop has for one shard. `appendedAt` in epoch milliseconds, with fractions. */
export type Piece = { readonly records: readonly Buffer[]; readonly bytes: number; readonly appendedAt: number }

type Waiting = Piece & { readonly done: PromiseWithResolvers<void> }

export type LaneOptions = {
  readonly producer: Producer
  readonly shard: number
  readonly retentionMs: number
  readonly maxBytes: number
  /** A write failed. Whether it shall be tried again. */
  readonly failed: (shard: number, error: unknown) => boolean
  readonly written: (shard: number) => void
}

/** What waits to be written into one shard. While one entry is on its way to Redis, the next one gathers. */
export class Lane {
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

  /** Resolves when the log holds the records; rejects when it may not. */
  add(piece: Piece): Promise<void> {
    const done = Promise.withResolvers<void>()
    this.#waiting.push({ ...piece, done })
    this.#work ??= this.#run()
    return done.promise
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    await this.#work
    await this.#trimming
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const pieces = this.#takeTogether()
      const records = pieces.flatMap((piece) => piece.records)
      try {
        for (const entry of packEntries(records, pieces[0]!.appendedAt)) this.#trim(await this.#write(entry))
        for (const { done } of pieces) done.resolve()
      } catch (error) {
        for (const { done } of pieces) done.reject(error)
      }
    }
    this.#work = undefined
  }

  /** As much as fits into one entry; one piece at least. */
  #takeTogether(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const piece of this.#waiting) {
      bytes += piece.bytes
      if (count > 0 && bytes > MAX_ENTRY_BYTES) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #write(entry: Buffer): Promise<StreamId> {
    const { shard, failed, written } = this.#options
    for (;;) {
      try {
        const id = await this.#writer.write(entry)
        written(shard)
        return id
      } catch (error) {
        if (!failed(shard, error)) throw error
        await delay(RETRY_MS)
      }
    }
  }

  /** Age is told by the ids that Redis gives: its clock, not ours, says how old its entries are. */
  #trim({ idMs }: StreamId): void {
    if (this.#trimming || performance.now() - this.#trimmedAt < TRIM_EVERY_MS) return
    this.#trimmedAt = performance.now()
    const { producer, shard, retentionMs, maxBytes } = this.#options
    this.#trimming = producer.source
      .trim(shard, idMs - retentionMs, maxBytes)
      .catch(() => undefined) // the next write tries again
      .finally(() => (this.#trimming = undefined))
  }
}
