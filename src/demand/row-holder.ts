import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { defineLeaseCommands, RENEW_EVERY_MS, ROWS_PER_CHANGE, tell, type TableName } from './leased-table.ts'
import { chunksOf } from '../market/chunks.ts'

/** What changes comes in bursts, and is told once for all of them. */
const TELL_AFTER_MS = 20

export type RowHolderOptions = {
  /** Shared by all processes; may be away, then all is told when it is back. */
  readonly redis: Redis
  readonly table: TableName
  /** Names this process among all that hold rows of the table. */
  readonly holder: string
  /** All rows as they are now. */
  readonly rows: () => Iterable<readonly [field: string, value: string]>
  readonly log: Pick<Logger, 'warn'>
}

/**
 * Holds a process's rows of a leased table: changes are told at once, and that they last every other second. Where Redis
 * does not have what it was told (it lost its data, or the process was silent for too long), all are told anew.
 */
export class RowHolder {
  readonly #options: RowHolderOptions
  readonly #renewal: NodeJS.Timeout
  /** What Redis does not know; undefined: nothing that it knows counts. The last value of a field stands. */
  #untold: Map<string, string> | undefined
  #told = 0
  #timer: NodeJS.Timeout | undefined
  #telling: Promise<void> = Promise.resolve()
  #isAway = false
  #isClosed = false

  constructor(options: RowHolderOptions) {
    defineLeaseCommands(options.redis)
    this.#options = options
    this.#renewal = setInterval(() => this.#tellNow(), RENEW_EVERY_MS)
  }

  /** A row has another value now, or ('') is none any more. */
  changed(field: string, value: string): void {
    this.#untold?.set(field, value)
    if (!this.#isClosed) this.#timer ??= setTimeout(() => this.#tellNow(), TELL_AFTER_MS)
  }

  /** Ends all rows. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#renewal)
    clearTimeout(this.#timer)
    await this.#telling
    const { redis, table, holder } = this.#options
    await tell(redis, table, { kind: 'gone', holder, told: this.#told }).catch(() => undefined) // then they lapse
  }

  #tellNow(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#telling = this.#telling.then(() => this.#tell())
  }

  /** Never rejects: what Redis did not take is told again with the next renewal. */
  async #tell(): Promise<void> {
    const { log, table } = this.#options
    try {
      const isKept = this.#untold !== undefined && (await this.#tellChanges(this.#untold))
      if (!isKept) await this.#tellAll()
      this.#isAway = false
    } catch (err) {
      // Whether the last command was done is not known.
      this.#untold = undefined
      if (!this.#isAway)
        log.warn({ err, table }, 'what this process wants and brings is not told to others until Redis is back')
      this.#isAway = true
    }
  }

  /** False where Redis does not have what it was told before. Without changes it is told that the rows last. */
  async #tellChanges(untold: Map<string, string>): Promise<boolean> {
    const rows = [...untold]
    untold.clear()
    const chunks = rows.length === 0 ? [[]] : chunksOf(rows, ROWS_PER_CHANGE)
    for (const chunk of chunks) if (!(await this.#send('change', chunk))) return false
    return true
  }

  async #tellAll(): Promise<void> {
    this.#untold = new Map()
    let kind: 'anew' | 'change' = 'anew'
    let chunk: (readonly [string, string])[] = []
    for (const row of this.#options.rows()) {
      if (chunk.push(row) < ROWS_PER_CHANGE) continue
      await this.#sendOrThrow(kind, chunk)
      kind = 'change'
      chunk = []
    }
    if (kind === 'anew' || chunk.length > 0) await this.#sendOrThrow(kind, chunk)
    await this.#sendOrThrow('whole', [])
  }

  async #sendOrThrow(kind: 'anew' | 'change' | 'whole', rows: readonly (readonly [string, string])[]): Promise<void> {
    if (!(await this.#send(kind, rows))) throw new Error('Redis lost its data while it was told')
  }

  async #send(kind: 'anew' | 'change' | 'whole', rows: readonly (readonly [string, string])[]): Promise<boolean> {
    const { redis, table, holder } = this.#options
    this.#told = await tell(redis, table, { kind, holder, told: this.#told, rows })
    return this.#told > 0
  }
}
