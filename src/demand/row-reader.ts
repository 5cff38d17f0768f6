import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { defineLeaseCommands, keysOf, LIFE_MS, lookAt, type ChangeKind, type TableName } from './leased-table.ts'

const READ_EVERY_MS = 100
/** While somebody waits for a change. */
const READ_SOON_MS = 20
const CHANGES_PER_READ = 100
const ROWS_PER_SCAN = 2000
/** What a holder's hash has beside its rows. */
const PARTIAL = '#partial'
const NO_ROWS: ReadonlySet<string> = new Set(['#', PARTIAL])

export type RowChange = {
  readonly holder: string
  readonly field: string
  readonly was: string | undefined
  readonly now: string | undefined
}

export type RowReaderOptions = {
  readonly redis: Redis
  readonly table: TableName
  /** Told what changed since the last call, in order; of the first reading, everything. */
  readonly onChanges: (changes: readonly RowChange[]) => void
  readonly log: Pick<Logger, 'warn'>
}

type Held = {
  readonly rows: Map<string, string>
  /** Its holder tells all anew: these rows it has not named yet. */
  unconfirmed: Set<string> | undefined
  /** Redis no longer knew the holder: it is given the time of a lease to tell all anew. `performance.now()`. */
  endsAt: number | undefined
}

/**
 * Follows the rows of a leased table that all processes hold. What Redis loses stays here for the time of a lease: those who
 * live tell it again, and nobody's symbols move to and fro meanwhile.
 */
export class RowReader {
  readonly #options: RowReaderOptions
  readonly #held = new Map<string, Held>()
  readonly #waiting = new Set<() => void>()
  #at = 0
  #mustReadAll = true
  #reading: Promise<void> | undefined
  #isAway = false
  #wake: () => void = () => undefined
  #isClosed = false

  constructor(options: RowReaderOptions) {
    defineLeaseCommands(options.redis)
    this.#options = options
  }

  /** Reads the table, then follows it. Rejects while Redis is away; then it may be started again. */
  async start(): Promise<void> {
    if (this.#reading) return
    await this.#read()
    this.#reading = this.#follow()
  }

  /** Waits until a condition holds that changes may bring about; false where that takes too long, or the reader ends. */
  async until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
    if (condition()) return true
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const check = () => {
      if (condition() || this.#isClosed) resolve(condition())
    }
    const timer = setTimeout(() => resolve(condition()), timeoutMs)
    this.#waiting.add(check)
    this.#wake()
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(check)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#wake()
    await this.#reading
    for (const check of this.#waiting) check()
  }

  async #follow(): Promise<void> {
    const { log, table } = this.#options
    while (await this.#nextTurn()) {
      try {
        await this.#read()
        this.#isAway = false
      } catch (err) {
        // A Redis that was away may be another one.
        this.#mustReadAll = true
        if (!this.#isAway)
          log.warn({ err, table }, 'what other processes want and bring is not known until Redis is back')
        this.#isAway = true
      }
    }
  }

  /** False at the end. Whoever begins to wait ends the pause. */
  async #nextTurn(): Promise<boolean> {
    if (this.#isClosed) return false
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    const timer = setTimeout(resolve, this.#waiting.size > 0 ? READ_SOON_MS : READ_EVERY_MS)
    await promise
    clearTimeout(timer)
    return !this.#isClosed
  }

  async #read(): Promise<void> {
    const changes: RowChange[] = []
    try {
      let isBehind = true
      while (isBehind) isBehind = this.#mustReadAll ? await this.#readAll(changes) : await this.#readChanges(changes)
      const now = performance.now()
      for (const [holder, { endsAt }] of this.#held) {
        if (endsAt !== undefined && endsAt <= now) this.#end(holder, changes)
      }
    } finally {
      // Also of a reading that broke off: what it took over is not told by the next one.
      if (changes.length > 0) this.#options.onChanges(changes)
    }
    for (const check of this.#waiting) check()
  }

  /** Takes what comes next; returns whether there is more. */
  async #readChanges(changes: RowChange[]): Promise<boolean> {
    const { redis, table } = this.#options
    const pipeline = redis.pipeline()
    pipeline.leaseRows(...lookAt(table))
    pipeline.xrange(keysOf(table).changes, `(${this.#at}-0`, '+', 'COUNT', CHANGES_PER_READ)
    const [newest, entries] = resultsOf(await pipeline.exec()) as [number, [id: string, fields: string[]][]]
    if (entries.length === 0) return (this.#mustReadAll = newest !== this.#at)
    for (const [id, [kind, holder, ...fields]] of entries) {
      const number = Number.parseInt(id, 10)
      if (number !== this.#at + 1) return (this.#mustReadAll = true)
      this.#at = number
      this.#apply(kind as ChangeKind, holder!, fields, changes)
    }
    return entries.length === CHANGES_PER_READ
  }

  #apply(kind: ChangeKind, holder: string, fields: readonly string[], changes: RowChange[]): void {
    if (kind === 'gone') return this.#end(holder, changes)
    const held = this.#heldBy(holder)
    held.endsAt = undefined
    if (kind === 'anew') held.unconfirmed = new Set(held.rows.keys())
    for (let at = 0; at < fields.length; at += 2) this.#set(holder, held, fields[at]!, fields[at + 1]!, changes)
    if (kind === 'whole') this.#dropUnconfirmed(holder, held, changes)
  }

  /** Takes the table as it is; what changes meanwhile is read after it. */
  async #readAll(changes: RowChange[]): Promise<boolean> {
    const { redis, table } = this.#options
    const newest = await redis.leaseRows(...lookAt(table))
    const holders = await redis.zrange(keysOf(table).holders, '0', '-1')
    for (const holder of holders) {
      const held = this.#heldBy(holder)
      held.endsAt = undefined
      held.unconfirmed = new Set(held.rows.keys())
      const key = keysOf(table).rowsOf(holder)
      const isPartial = await redis.hexists(key, PARTIAL)
      await scanRows(redis, key, (field, value) => this.#set(holder, held, field, value, changes))
      if (!isPartial) this.#dropUnconfirmed(holder, held, changes)
    }
    const living = new Set(holders)
    for (const [holder, held] of this.#held) if (!living.has(holder)) held.endsAt ??= performance.now() + LIFE_MS
    this.#at = newest
    this.#mustReadAll = false
    return true
  }

  #heldBy(holder: string): Held {
    const known = this.#held.get(holder)
    if (known) return known
    const held: Held = { rows: new Map(), unconfirmed: undefined, endsAt: undefined }
    this.#held.set(holder, held)
    return held
  }

  #set(holder: string, { rows, unconfirmed }: Held, field: string, value: string, changes: RowChange[]): void {
    unconfirmed?.delete(field)
    const was = rows.get(field)
    const now = value === '' ? undefined : value
    if (was === now) return
    if (now === undefined) rows.delete(field)
    else rows.set(field, now)
    changes.push({ holder, field, was, now })
  }

  #dropUnconfirmed(holder: string, held: Held, changes: RowChange[]): void {
    for (const field of held.unconfirmed ?? []) this.#set(holder, held, field, '', changes)
    held.unconfirmed = undefined
  }

  #end(holder: string, changes: RowChange[]): void {
    for (const [field, was] of this.#held.get(holder)?.rows ?? []) changes.push({ holder, field, was, now: undefined })
    this.#held.delete(holder)
  }
}

/** Tells of each row that a living process holds, maybe twice. Rejects while Redis is away. */
export async function readRows(
  redis: Redis,
  table: TableName,
  onRow: (field: string, value: string) => void
): Promise<void> {
  defineLeaseCommands(redis)
  const { holders, rowsOf } = keysOf(table)
  await redis.leaseRows(...lookAt(table))
  for (const holder of await redis.zrange(holders, '0', '-1')) await scanRows(redis, rowsOf(holder), onRow)
}

async function scanRows(redis: Redis, key: string, onRow: (field: string, value: string) => void): Promise<void> {
  let cursor = '0'
  do {
    const [next, json] = await redis.scanRows(key, cursor, ROWS_PER_SCAN)
    const flat = JSON.parse(json) as string[]
    for (let at = 0; at < flat.length; at += 2) if (!NO_ROWS.has(flat[at]!)) onRow(flat[at]!, flat[at + 1]!)
    cursor = next
  } while (cursor !== '0')
}

function resultsOf(replies: [Error | null, unknown][] | null): unknown[] {
  return (replies ?? []).map(([error, result]) => {
    if (error) throw error
    return result
  })
}
