import { setTimeout } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { InstrumentStore } from '../../db/instruments.ts'
import { dateIn } from '../../src/market/zoned-time.ts'
import type { InstrumentKeys } from '../../src/streams/upstox/keys.ts'

/** More than the vendor lists; of more, those that hold longest are known. */
const MAX_KEYS = 400_000
/** Lists come out once a day; one that is imported is to be used soon. */
const READ_EVERY_MS = 5 * 60_000
/** While there is none. */
const LOOK_EVERY_MS = 10_000

export type InstrumentKeyTableOptions = {
  readonly instruments: Pick<InstrumentStore, 'namesOf'>
  readonly vendor: string
  /** IANA; whose days names change with. */
  readonly timeZone: string
  readonly log: Pick<Logger, 'warn'>
  /** Other instruments than before can be asked for. */
  readonly changed: () => void
  /** As Date.now. */
  readonly now: () => number
}

/** What a vendor calls instruments today, as the database has it, read again every few minutes. */
export class InstrumentKeyTable implements InstrumentKeys {
  readonly #options: InstrumentKeyTableOptions
  readonly #ending = new AbortController()
  readonly #reading: Promise<void>
  #keys: ReadonlyMap<string, string> = new Map()
  #symbols: ReadonlyMap<string, string> = new Map()

  constructor(options: InstrumentKeyTableOptions) {
    this.#options = options
    this.#reading = this.#readForEver()
  }

  keyOf(symbol: string): string | undefined {
    return this.#keys.get(symbol)
  }

  symbolOf(key: string): string | undefined {
    return this.#symbols.get(key)
  }

  async close(): Promise<void> {
    this.#ending.abort()
    await this.#reading
  }

  async #readForEver(): Promise<void> {
    const { signal } = this.#ending
    while (!signal.aborted) {
      try {
        await this.#read(signal)
      } catch (err) {
        this.#options.log.warn({ err }, `what ${this.#options.vendor} calls instruments could not be read`)
      }
      const restMs = this.#keys.size > 0 ? READ_EVERY_MS : LOOK_EVERY_MS
      await setTimeout(restMs, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { instruments, vendor, timeZone, changed, now } = this.#options
    const keys = new Map<string, string>()
    const symbols = new Map<string, string>()
    for await (const names of instruments.namesOf(vendor, dateIn(timeZone, now()))) {
      if (signal.aborted || keys.size + names.length > MAX_KEYS) break
      for (const { symbol, alias } of names) {
        keys.set(symbol, alias)
        symbols.set(alias, symbol)
      }
    }
    if (signal.aborted) return
    const isNews = keys.size !== this.#keys.size || [...keys].some(([symbol, key]) => this.#keys.get(symbol) !== key)
    this.#keys = keys
    this.#symbols = symbols
    if (isNews) changed()
  }
}
