import { isDeepStrictEqual } from 'node:util'
import { LRUCache } from 'lru-cache'
import { isNegative, type Entry } from './entry.ts'
import { compareOrders } from '../market/order.ts'
import type { Answer, Seen } from '../market/market-data.ts'
import { comesBefore, type OrderOf } from './order.ts'

/** What an entry costs by its bytes, roughly: its body, the same as text, and the parsed value, about twice its JSON. */
const COST_PER_BYTE = 4
const ENTRY_OVERHEAD_BYTES = 400

/** This process's memory: bounded by entries and by bytes, least recently used out first. */
export class MemoryTier<T> {
  readonly maxEntries: number
  readonly maxBytes: number
  #evictions = 0
  readonly #entries: LRUCache<string, Entry<T>>
  readonly #orderOf: OrderOf<T> | undefined
  readonly #answerOf: (seen: Seen<T>) => Answer<T>
  /** What was seen since the entry was made, of keys that are held, so that there are never more. */
  readonly #newer = new Map<string, Seen<T>>()
  readonly #listeners: ((key: string) => void)[] = []

  /** `answerOf` makes an answer of a value that was seen, once somebody asks. */
  constructor(
    limits: { maxEntries: number; maxBytes: number; order?: OrderOf<T> },
    answerOf: (seen: Seen<T>) => Answer<T>
  ) {
    this.maxEntries = limits.maxEntries
    this.maxBytes = limits.maxBytes
    this.#orderOf = limits.order
    this.#answerOf = answerOf
    this.#entries = new LRUCache({
      max: limits.maxEntries,
      maxSize: limits.maxBytes,
      sizeCalculation: (entry) =>
        ENTRY_OVERHEAD_BYTES + (isNegative(entry) ? 0 : entry.body.byteLength * COST_PER_BYTE),
      dispose: (_entry, key, reason) => {
        if (reason === 'evict') this.#evictions++
        if (reason === 'set') return
        this.#newer.delete(key)
        this.#tell(key)
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
    if (newer && !comesBefore(entry, newer, this.#orderOf)) this.#newer.delete(key)
    this.#tell(key)
  }

  /** Whether anything is held of the key. */
  holds(key: string): boolean {
    return this.#entries.has(key)
  }

  /** Takes note of a value, unless it comes before the one that is known, or is the same. Of what is not held nothing is noted. */
  supersede(key: string, seen: Seen<T>): void {
    const newer = this.#newer.get(key)
    if (newer ? !isNews(seen, newer) : !this.#isNews(key, seen)) return
    this.#newer.set(key, seen)
    this.#tell(key)
  }

  /** Drops what comes before another process's value: received at an instant (epoch ms), and of a place where it has one. */
  dropOlder(key: string, receivedAt: number, order: readonly number[] | undefined): void {
    const known = this.#newer.get(key) ?? this.#entries.peek(key)
    if (!known) return
    const isOrdered = order !== undefined && this.#orderOf !== undefined && !('absent' in known)
    if (isOrdered ? compareOrders(this.#orderOf(known.value), order) >= 0 : known.receivedAt >= receivedAt) return
    this.#entries.delete(key)
  }

  /** Calls the listener with each key of which another value is held than before, or none any more. */
  onChange(listener: (key: string) => void): void {
    this.#listeners.push(listener)
  }

  keys(): string[] {
    return [...this.#entries.keys()]
  }

  get size(): { entries: number; bytes: number; evictions: number } {
    return { entries: this.#entries.size, bytes: this.#entries.calculatedSize, evictions: this.#evictions }
  }

  #isNews(key: string, seen: Seen<T>): boolean {
    const held = this.#entries.peek(key)
    if (held === undefined) return false
    if (comesBefore(held, seen, this.#orderOf)) return true
    if (comesBefore(seen, held, this.#orderOf)) return false
    return 'absent' in held || !isDeepStrictEqual(held.value, seen.value)
  }

  #takeNewer(key: string): void {
    const newer = this.#newer.get(key)
    if (!newer) return
    this.#newer.delete(key)
    this.#entries.set(key, this.#answerOf(newer))
  }

  #tell(key: string): void {
    for (const listener of this.#listeners) listener(key)
  }
}

/** What this process loaded is seen as well, and is the same. */
function isNews<T>(seen: Seen<T>, newer: Seen<T>): boolean {
  if (newer.comesBefore(seen)) return true
  return !seen.comesBefore(newer) && !isDeepStrictEqual(newer.value, seen.value)
}
