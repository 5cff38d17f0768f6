import { MAX_ENTRY_BYTES, type Piece } from './entry.ts'
import { writeRecord, type Draft } from './record.ts'

const FIRST_BYTES = 4096

/** What is appended to one shard in one turn of the event loop, written into memory that is used again for the next. */
export class Batch {
  #memory = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #length = 0
  #count = 0
  #pieces: Piece[] = []

  add(draft: Draft): void {
    const { bytes } = draft
    if (this.#length + bytes > MAX_ENTRY_BYTES) this.#cut()
    if (this.#length + bytes > this.#memory.length) this.#grow(this.#length + bytes)
    writeRecord(draft, this.#memory, this.#length)
    this.#length += bytes
    this.#count++
    if (bytes > MAX_ENTRY_BYTES) this.#cut()
  }

  /** Everything added since it was last taken, in order. */
  take(): readonly Piece[] {
    this.#cut()
    const pieces = this.#pieces
    this.#pieces = []
    return pieces
  }

  #cut(): void {
    if (this.#count === 0) return
    const isLarge = this.#length > MAX_ENTRY_BYTES
    this.#pieces.push({
      bytes: isLarge ? this.#memory : Buffer.from(this.#memory.subarray(0, this.#length)),
      count: this.#count
    })
    if (isLarge) this.#memory = Buffer.allocUnsafeSlow(FIRST_BYTES)
    this.#length = 0
    this.#count = 0
  }

  /** To what a single record needs where it is larger than an entry. */
  #grow(bytes: number): void {
    const size = bytes > MAX_ENTRY_BYTES ? bytes : Math.min(MAX_ENTRY_BYTES, Math.max(bytes, this.#memory.length * 2))
    const memory = Buffer.allocUnsafeSlow(size)
    this.#memory.copy(memory, 0, 0, this.#length)
    this.#memory = memory
  }
}
