import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Redis, Result } from 'ioredis'
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { defineLockCommands } from '../redis/locks.ts'
import { defineScript } from '../redis/script.ts'
import { isNegative, type Entry } from './entry.ts'
import type { Policy } from './policy.ts'
import { decodeEntry, encodeEntry, headOf, MAX_HEAD_BYTES } from './stored-entry.ts'

const LOCK_PREFIX = 'lock:'
/** Looked up in one go, when it is found out what others stored meanwhile. */
const KEYS_PER_LOOK = 500

const Announcement = Type.Object({
  from: Type.String(),
  entries: Type.Array(Type.Tuple([Type.String(), Type.Number()]), { description: 'Key, received at (0: given up)' }),
  orders: Type.Optional(Type.Record(Type.String(), Type.Array(Type.Number()), { description: 'Of keys that have one' }))
})
type Announcement = Static<typeof Announcement>
const announcements = Compile(Announcement)

/** An entry with its place among all of its key; without one it is stored whatever is there. */
export type OrderedEntry = { readonly entry: Entry<unknown>; readonly order?: readonly number[] | undefined }

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** See store-in-order-1.lua. */
    storeInOrder(key: string, entry: string | Buffer, order: string, ttlMs: number): Result<0 | 1, Context>
  }
}

type Log = { warn(details: object, message: string): void; info(message: string): void }

export type RedisTierOptions = {
  /** Must fail fast: no offline queue and a command timeout, so that a dead Redis costs a request next to nothing. */
  redis: Redis
  log: Log
  /** Called when another process stored an entry, or gave up on one (`receivedAt` 0). */
  readonly onAnnounced: (key: string, receivedAt: number, order?: readonly number[]) => void
  /** What this process holds in memory: of it others may have stored newer entries while it did not listen. */
  readonly heldKeys: () => readonly string[]
}

/**
 * The tier that all processes share: entries, locks for loading, and announcements of what was loaded.
 * Nothing here rejects: while Redis is away, reads miss, writes are skipped and every lock is granted.
 */
export class RedisTier {
  readonly #redis: Redis
  readonly #subscriber: Redis
  readonly #log: Log
  readonly #token = randomUUID()
  /** Redis delivers messages across its logical databases; entries of another database are none of ours. */
  readonly #channel: string
  readonly #onAnnounced: RedisTierOptions['onAnnounced']
  readonly #heldKeys: RedisTierOptions['heldKeys']
  #reachable = true

  constructor({ redis, log, onAnnounced, heldKeys }: RedisTierOptions) {
    this.#redis = redis
    this.#onAnnounced = onAnnounced
    this.#heldKeys = heldKeys
    defineScript(redis, join(import.meta.dirname, 'store-in-order-1.lua'))
    defineLockCommands(redis)
    this.#log = log
    this.#channel = `quotewire:cache:${redis.options.db ?? 0}`
    this.#subscriber = redis.duplicate({ commandTimeout: undefined, autoResubscribe: false })
    this.#subscriber.on('error', () => undefined) // the command connection reports the outage
    this.#subscriber.on('ready', () => void this.#listen())
    this.#subscriber.on('message', (_channel, message) => {
      const announcement = parseAnnouncement(message)
      if (!announcement || announcement.from === this.#token) return
      for (const [key, receivedAt] of announcement.entries) onAnnounced(key, receivedAt, announcement.orders?.[key])
    })
  }

  get reachable(): boolean {
    return this.#reachable
  }

  /** The entries that exist, in the order of the keys. */
  async read<T>(keys: readonly string[], policy: Pick<Policy<T>, 'areLong'>): Promise<(Entry<T> | undefined)[]> {
    if (keys.length === 0) return []
    const stored = await this.#attempt(() => this.#redis.mgetBuffer([...keys]))
    return Promise.all(
      keys.map(async (_key, index) => {
        const bytes = stored?.[index]
        return bytes ? decodeEntry<T>(bytes, policy) : undefined
      })
    )
  }

  /**
   * Stores entries, each unless one is there that comes after it; frees their locks, and wakes whoever waits for them in
   * other processes.
   */
  async store(entries: ReadonlyMap<string, OrderedEntry>, givenUp: readonly string[], now: number): Promise<void> {
    if (entries.size + givenUp.length === 0) return
    const orders: Record<string, number[]> = {}
    const announcement: Announcement = { from: this.#token, entries: givenUp.map((key) => [key, 0]), orders }
    const pipeline = this.#redis.pipeline()
    for (const [key, { entry, order }] of entries) {
      const ttlMs = Math.ceil((isNegative(entry) ? entry.freshUntil : entry.staleUntil) - now)
      if (ttlMs > 0 && order) pipeline.storeInOrder(key, encodeEntry(entry, order), order.join(), ttlMs)
      else if (ttlMs > 0) pipeline.set(key, encodeEntry(entry), 'PX', ttlMs)
      announcement.entries.push([key, entry.receivedAt])
      if (order) orders[key] = [...order]
    }
    for (const [key] of announcement.entries) pipeline.deleteIfHeld(LOCK_PREFIX + key, this.#token)
    pipeline.publish(this.#channel, JSON.stringify(announcement))
    await this.#attempt(() => pipeline.exec())
  }

  /** Which of the keys this process may load now: all of them while Redis is away. */
  async lock(keys: readonly string[], ttlMs: number): Promise<Set<string>> {
    const pipeline = this.#redis.pipeline()
    for (const key of keys) pipeline.set(LOCK_PREFIX + key, this.#token, 'PX', ttlMs, 'NX')
    const replies = await this.#attempt(() => pipeline.exec())
    if (!replies) return new Set(keys)
    return new Set(keys.filter((_key, index) => replies[index]?.[0] !== null || replies[index]?.[1] === 'OK'))
  }

  /** Gives the locks among these that are still this process's a new life. */
  async renewLocks(keys: readonly string[], ttlMs: number): Promise<void> {
    const pipeline = this.#redis.pipeline()
    for (const key of keys) pipeline.extendIfHeld(LOCK_PREFIX + key, this.#token, ttlMs)
    await this.#attempt(() => pipeline.exec())
  }

  async usage(): Promise<{ reachable: boolean; keys?: number; usedBytes?: number }> {
    const keys = await this.#attempt(() => this.#redis.dbsize())
    const memory = await this.#attempt(() => this.#redis.info('memory'))
    if (keys === undefined || memory === undefined) return { reachable: false }
    const usedBytes = Number(/used_memory:(\d+)/.exec(memory)?.[1])
    return { reachable: true, keys, ...(Number.isFinite(usedBytes) && { usedBytes }) }
  }

  /** Ends the subscription; the command connection belongs to whoever made it. */
  close(): void {
    this.#subscriber.disconnect()
  }

  /** From now on it learns what others store; what they stored before it looks up. */
  async #listen(): Promise<void> {
    try {
      await this.#subscriber.subscribe(this.#channel)
    } catch {
      return // the connection was lost, and comes again
    }
    const keys = this.#heldKeys()
    for (let at = 0; at < keys.length; at += KEYS_PER_LOOK) await this.#look(keys.slice(at, at + KEYS_PER_LOOK))
  }

  async #look(keys: readonly string[]): Promise<void> {
    const pipeline = this.#redis.pipeline()
    for (const key of keys) pipeline.getrange(key, 0, MAX_HEAD_BYTES - 1)
    const replies = await this.#attempt(() => pipeline.exec())
    for (const [index, [, text]] of (replies ?? []).entries()) {
      const head = typeof text === 'string' ? headOf(text) : undefined
      if (head) this.#onAnnounced(keys[index]!, head.receivedAt, head.order)
    }
  }

  async #attempt<R>(command: () => Promise<R>): Promise<R | undefined> {
    try {
      const reply = await command()
      if (!this.#reachable) this.#log.info('cache: Redis is back')
      this.#reachable = true
      return reply
    } catch (error) {
      if (this.#reachable) this.#log.warn({ err: error }, 'cache: Redis is away, serving from memory alone')
      this.#reachable = false
      return undefined
    }
  }
}

/** Undefined for what somebody else wrote into the channel. */
function parseAnnouncement(message: string): Announcement | undefined {
  try {
    const parsed: unknown = JSON.parse(message)
    return announcements.Check(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}
