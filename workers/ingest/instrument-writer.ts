import type { Logger } from 'pino'
import type { InstrumentStore } from '../../db/instruments.ts'
import { isoOf } from '../../src/market/time.ts'
import type { ListedInstrument } from '../../src/streams/mapper.ts'

/** While Postgres is away. Of more, the oldest are lost: who connects again is told of all again. */
const MAX_WAITING = 10_000
/** They come one by one, in hundreds. */
const GATHER_MS = 500
const AGAIN_AFTER_MS = 5000

export type InstrumentWriterOptions = {
  readonly instruments: Pick<InstrumentStore, 'upsert' | 'addAliases'>
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly log: Pick<Logger, 'warn'>
}

/** Writes what vendors say of instruments, and what they call them from the day on that they are heard to. */
export class InstrumentWriter {
  readonly #options: InstrumentWriterOptions
  /** The newest of each. */
  readonly #waiting = new Map<string, ListedInstrument>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(options: InstrumentWriterOptions) {
    this.#options = options
  }

  add(listed: readonly ListedInstrument[]): void {
    for (const each of listed) {
      const key = `${each.vendor} ${each.facts.symbol}`
      this.#waiting.delete(key)
      const [oldest] = this.#waiting.keys()
      if (oldest !== undefined && this.#waiting.size >= MAX_WAITING) this.#waiting.delete(oldest)
      this.#waiting.set(key, each)
    }
    this.#writeAfter(GATHER_MS)
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#writing
    await this.#write()
  }

  #writeAfter(delayMs: number): void {
    if (this.#isClosed) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#writing = this.#writing.then(() => this.#write())
    }, delayMs)
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    const { instruments, log } = this.#options
    const taken = [...this.#waiting]
    if (taken.length === 0) return
    try {
      const ids = await instruments.upsert(taken.map(([, { facts }]) => facts))
      for (const [key, listed] of taken) {
        await this.#name(listed, ids.get(listed.facts.symbol)!)
        if (this.#waiting.get(key) === listed) this.#waiting.delete(key)
      }
    } catch (err) {
      log.warn({ err, waiting: this.#waiting.size }, 'what a vendor says of instruments cannot be written yet')
      this.#writeAfter(AGAIN_AFTER_MS)
    }
  }

  /** Two instruments under one name of a vendor are for people to sort out: nothing is renamed by itself. */
  async #name({ vendor, alias }: ListedInstrument, instrumentId: number): Promise<void> {
    const { instruments, now, log } = this.#options
    const from = isoOf(now()).slice(0, 10)
    try {
      await instruments.addAliases([{ instrumentId, vendor, alias, from }])
    } catch (err) {
      if (!(err instanceof RangeError)) throw err
      log.warn({ err }, 'a vendor calls two instruments by one name')
    }
  }
}
