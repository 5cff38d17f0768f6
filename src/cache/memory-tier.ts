import { LRUCache } from 'lru-cache'
import { isNegative, type Entry } from './entry.ts'
import { comesBefore, type OrderOf } from './order.ts'

/** What an entry costs by its bytes, roughly: its body, the same as text, and the parsed value, about twice its JSON. */
const COST_PER_BYTE = 4
const ENTRY_OVERHEAD_BYTES = 400

/** A newer value that is known of, and made of what is known when somebody asks; undefined: the held one stands. */
export type Newer<T> = { readonly receivedAt: number; readonly make: (held: Entry<T>) => Entry<T> | undefined }

/** This process's memory: bounded by entries and by bytes, least recently used out first. */
export class MemoryTier<T> {
  readonly maxEntries: number
  readonly maxBytes: number
  #evictions = 0
  #version = 0
  readonly #entries: LRUCache<string, Entry<T>>
  readonly #orderOf: OrderOf<T> | undefined
  /** Of keys that are held, so that there are never more. */
  readonly #newer = new Map<string, Newer<T>>()

  constructor(limits: { maxEntries: number; maxBytes: number; order?: OrderOf<T> }) {
    this.maxEntries = limits.maxEntries
    this.maxBytes = limits.maxBytes
    this.#orderOf = limits.order
    this.#entries = new LRUCache({
      max: limits.maxEntries,
      maxSize: limits.maxBytes,
      sizeCalculation: (entry) =>
        ENTRY_OVERHEAD_BYTES + (isNegative(entry) ? 0 : entry.body.byteLength * COST_PER_BYTE),
      dispose: (_entry, key, reason) => {
        if (reason === 'evict') this.#evictions++
        if (reason !== 'set') this.#newer.delete(key)
      }
    })
  }

  get(key: string): Entry<T> | undefined {
    if (this.#newer.size > 0) this.#takeNewer(key)
    return this.#entries.get(key)
  }

  /** Looks without counting as a use. */
  peek(key: string): Entry<T> | undefined {
    if (this.#newer.size > 0) this.#takeNewer(key)
    return this.#entries.peek(key)
  }

  /** Keeps the entry unless one is held that comes after it. */
  put(key: string, entry: Entry<T>): void {
    const held = this.#entries.peek(key)
    if (held !== undefined && comesBefore(entry, held, this.#orderOf)) return
    this.#entries.set(key, entry)
    const newer = this.#newer.get(key)
    if (newer && newer.receivedAt <= entry.receivedAt) this.#newer.delete(key)
    this.#version++
  }

  /** Whether something is held of the key that was received before the given instant. */
  holdsOlder(key: string, receivedAt: number): boolean {
    const held = this.#entries.peek(key)
    return held !== undefined && held.receivedAt < receivedAt && !this.#knowsNewer(key, receivedAt)
  }

  /** Takes note of a value that is newer than the held one. Of what is not held nothing is noted. */
  supersede(key: string, newer: Newer<T>): void {
    if (!this.holdsOlder(key, newer.receivedAt)) return
    this.#newer.set(key, newer)
    this.#version++
  }

  /** Drops what was received before the given instant: another process has something newer. */
  dropOlder(key: string, receivedAt: number): void {
    const held = this.#entries.peek(key)
    if (held === undefined || held.receivedAt >= receivedAt || this.#knowsNewer(key, receivedAt)) return
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

  #knowsNewer(key: string, receivedAt: number): boolean {
    const newer = this.#newer.get(key)
    return newer !== undefined && newer.receivedAt >= receivedAt
  }

  #takeNewer(key: string): void {
    const newer = this.#newer.get(key)
    if (!newer) return
    this.#newer.delete(key)
    const held = this.#entries.peek(key)
    const entry = held && newer.make(held)
    if (entry) this.#entries.set(key, entry)
  }
}
