/** Of what waits, so much is handed over at once. */
const MAX_BATCH_BYTES = 4 * 2 ** 20

export type BacklogOptions<T> = {
  /** How much memory may wait, what is being written included. Over it the oldest go, and are counted. */
  readonly maxBytes: number
  readonly bytesOf: (value: T) => number
  /** What to keep of two values with one key; the one that came later where it is not given. */
  readonly merge?: (held: T, value: T) => T
}

type Entry<T> = { readonly value: T; readonly bytes: number }

/** Values that wait to be written: one per key, oldest first, bounded. */
export class Backlog<T> {
  readonly #maxBytes: number
  readonly #bytesOf: (value: T) => number
  readonly #merge: (held: T, value: T) => T
  #waiting = new Map<string, Entry<T>>()
  #taken = new Map<string, Entry<T>>()
  #bytes = 0
  #dropped = 0

  constructor({ maxBytes, bytesOf, merge = (_, value) => value }: BacklogOptions<T>) {
    this.#maxBytes = maxBytes
    this.#bytesOf = bytesOf
    this.#merge = merge
  }

  /** Values that wait or are taken. */
  get size(): number {
    return this.#waiting.size + this.#taken.size
  }

  /** What they need of memory, about. */
  get bytes(): number {
    return this.#bytes
  }

  /** Values that gave way to newer ones since the start. */
  get dropped(): number {
    return this.#dropped
  }

  add(key: string, value: T): void {
    this.#put(key, { value, bytes: this.#bytesOf(value) })
    this.#dropOldest()
  }

  /** Hands over the oldest of what waits. One batch is out at a time: `settle` or `restore` ends it. */
  take(): T[] {
    let bytes = 0
    for (const [key, entry] of this.#waiting) {
      if (bytes > 0 && bytes + entry.bytes > MAX_BATCH_BYTES) break
      bytes += entry.bytes
      this.#waiting.delete(key)
      this.#taken.set(key, entry)
    }
    return Array.from(this.#taken.values(), ({ value }) => value)
  }

  /** What was taken is written. */
  settle(): void {
    for (const { bytes } of this.#taken.values()) this.#bytes -= bytes
    this.#taken = new Map()
  }

  /** Puts back what was taken and could not be written, before all that came since. */
  restore(): void {
    const since = this.#waiting
    this.#waiting = this.#taken
    this.#taken = new Map()
    for (const [key, entry] of since) {
      this.#bytes -= entry.bytes
      this.#put(key, entry)
    }
    this.#dropOldest()
  }

  #put(key: string, entry: Entry<T>): void {
    const held = this.#waiting.get(key)
    const value = held ? this.#merge(held.value, entry.value) : entry.value
    const kept = value === entry.value ? entry : { value, bytes: this.#bytesOf(value) }
    this.#bytes += kept.bytes - (held?.bytes ?? 0)
    this.#waiting.set(key, kept)
  }

  #dropOldest(): void {
    for (const [key, { bytes }] of this.#waiting) {
      if (this.#bytes <= this.#maxBytes) return
      this.#waiting.delete(key)
      this.#bytes -= bytes
      this.#dropped++
    }
  }
}
