import { LRUCache } from 'lru-cache'
import { isAbsence, type Entry } from './entry.ts'

/** What an entry's object costs beside its bytes, roughly: the parsed value is about twice its JSON. */
const OBJECT_OVERHEAD = 3
const ENTRY_OVERHEAD_BYTES = 400

/** This process's memory: bounded by entries and by bytes, least recently used out first. */
export class MemoryTier<T> {
  readonly maxEntries: number
  readonly maxBytes: number
  #evictions = 0
  #version = 0
  readonly #entries: LRUCache<string, Entry<T>>

  constructor(limits: { maxEntries: number; maxBytes: number }) {
    this.maxEntries = limits.maxEntries
    this.maxBytes = limits.maxBytes
    this.#entries = new LRUCache({
      max: limits.maxEntries,
      maxSize: limits.maxBytes,
      sizeCalculation: (entry) =>
        ENTRY_OVERHEAD_BYTES + (isAbsence(entry) ? 0 : entry.body.byteLength * OBJECT_OVERHEAD),
      dispose: (_entry, _key, reason) => {
        if (reason === 'evict') this.#evictions++
      }
    })
  }

  get(key: string): Entry<T> | undefined {
    return this.#entries.get(key)
  }

  /** Looks without counting as a use. */
  peek(key: string): Entry<T> | undefined {
    return this.#entries.peek(key)
  }

  /** Keeps the entry unless one is held that was received later. */
  put(key: string, entry: Entry<T>): void {
    const held = this.#entries.peek(key)
    if (held !== undefined && held.receivedAt > entry.receivedAt) return
    this.#entries.set(key, entry)
    this.#version++
  }

  /** Drops what was received before the given instant: another process has something newer. */
  dropOlder(key: string, receivedAt: number): void {
    const held = this.#entries.peek(key)
    if (held === undefined || held.receivedAt >= receivedAt) return
    this.#entries.delete(key)
    this.#version++
  }

  /** Changes with every entry that is put in or dropped. */
  get version(): number {
    return this.#version
  }

  get size(): { entries: number; bytes: number; evictions: number } {
    return { entries: this.#entries.size, bytes: this.#entries.calculatedSize, evictions: this.#evictions }
  }
}
